import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { withConnection } from '../../../dev/stack/health/temporal';
import { messageOf } from '../../../dev/stack/errors';
import { type ChaosServers } from './servers';

interface Watch {
  close(): Promise<void>;
}

const everyMs = 3_000;
/** In a row, so that a server that starts or is harmed is left alone. */
const looksBeforeCure = 3;
/** What the dev server says when its SQLite connection is stuck. A server that is down or frozen says nothing like it. */
const stuck = /not found|interrupted|no such table/i;

/**
 * The dev server's SQLite driver may, after one query was cancelled, answer "interrupted" to every later one: the server
 * is up and knows no namespace, for ever (mended in modernc.org/sqlite 1.44, after the server version used here). Its data
 * is whole, and a restart is all it needs, which a liveness probe would do in production and this does here.
 */
export function cureTemporal(servers: ChaosServers, folder: string): Watch {
  const stop = new AbortController();
  const { temporalAddress: address, temporalNamespace: namespace } = servers.addresses;
  const watching = (async () => {
    let looks = 0;
    while (!stop.signal.aborted) {
      await pause(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
      if (stop.signal.aborted) return;
      const failure = await withConnection(address, async ({ workflowService }) => {
        await workflowService.describeNamespace({ namespace });
      }).then(
        () => '',
        (thrown: unknown) => messageOf(thrown),
      );
      looks = stuck.test(failure) ? looks + 1 : 0;
      if (looks < looksBeforeCure) continue;
      looks = 0;
      const log = (what: string) =>
        appendFileSync(join(folder, 'operator.log'), `${new Date().toISOString()} ${what}\n`);
      log(`Temporal is stuck (${failure}): restarting it`);
      await servers.kill('temporal');
      await servers.start('temporal').catch((thrown: unknown) => log(messageOf(thrown)));
    }
  })();
  return {
    async close() {
      stop.abort();
      await watching;
    },
  };
}
