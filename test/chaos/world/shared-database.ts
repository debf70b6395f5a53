import { setTimeout as pause } from 'node:timers/promises';
import { type Client } from 'pg';
import { type PgBouncer } from '../../support/pgbouncer';
import { createDatabase, dropDatabase } from '../../support/databases';
import { type OutboxHolder } from './outbox-server';
import { patiently, withClient } from './patient-client';

interface SharedDatabase {
  /** As the administrator of its server sees it. */
  readonly url: string;
  readonly pgBouncer: Pick<PgBouncer, 'url'>;
}

/**
 * The database of one service on a server that others are on, harmed alone. Killed and stopped are one thing here: its sessions are ended, and
 * it takes no others. Frozen: PgBouncer keeps all requests for it.
 */
export function sharedDatabase({ url, pgBouncer }: SharedDatabase): OutboxHolder {
  const [database, copy] = [nameIn(url), `${nameIn(url)}_copy`];
  const server = new URL(url);
  server.pathname = '/postgres';
  const asAdmin = (work: (admin: Client) => Promise<unknown>) => patiently(server.href, work);
  const kill = () =>
    asAdmin(async (admin) => {
      await admin.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`);
      await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [database]);
    });
  const start = () => asAdmin((admin) => admin.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`));
  const replace = (old: string, template: string) =>
    asAdmin(async (admin) => {
      // An attempt may have been cut off half way.
      await dropDatabase(admin, old);
      await createDatabase(admin, old, template);
    });
  return {
    ...{ kill, start },
    stop: kill,
    freeze: () => pauseRequests(pgBouncer.url('pgbouncer'), database),
    thaw: () => resumeRequests(pgBouncer.url('pgbouncer'), database),
    async takeSnapshot() {
      await kill();
      await replace(copy, database);
      await start();
      return async () => {
        await kill();
        await replace(database, copy);
      };
    },
  };
}

const nameIn = (url: string): string => new URL(url).pathname.slice(1);

/** How long a pause may wait for the end of what is under way there. */
const pauseWaitsMs = 3_000;

/** @throws what PgBouncer says against it; one that is down, or does not reply in time, is harmed already */
async function pauseRequests(console: string, database: string): Promise<void> {
  const said = withClient(console, (admin) => admin.query(`PAUSE ${database}`)).catch((thrown: unknown) => {
    if (isReply(thrown)) throw thrown;
  });
  await Promise.race([said, pause(pauseWaitsMs, undefined, { ref: false })]);
  said.catch(() => undefined);
}

/** One that was killed meanwhile knows of no pause, and says so. */
async function resumeRequests(console: string, database: string): Promise<void> {
  await patiently(console, (admin) =>
    admin.query(`RESUME ${database}`).catch((thrown: unknown) => {
      if (!isReply(thrown)) throw thrown;
    }),
  );
}

/** From PgBouncer itself, and not from the way to it. */
const isReply = (thrown: unknown): boolean => (thrown as { severity?: unknown }).severity === 'ERROR';
