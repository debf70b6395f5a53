import { Client } from 'pg';
import { runMigrations } from '../../../migrations/run-migrations';
import { makeLogins, urlsOf } from '../../logins';
import { type BenchStack } from '../with-stack';

/** Roles of the outboxes of all measurements: a role belongs to the whole server. */
const rolePrefix = 'nova_bench';

export interface BenchOutbox {
  readonly name: string;
  /** As an administrator sees it. */
  readonly url: string;
  /** As a bridge sees it. */
  readonly bridgeUrl: string;
}

/** State and outboxes in databases of their own, made for one measurement. */
export interface BenchDatabases {
  readonly prefix: string;
  readonly outboxes: readonly BenchOutbox[];
  /** What a bridge finds them by; `listening`: each outbox has a URL for nudges. */
  environment(listening: boolean): Record<string, string>;
  drop(): Promise<void>;
}

/** Makes databases by copying: an outbox is there in some 50 ms, where its migrations take a second. */
export async function databaseMaker(
  { addresses, names, cleanup, interrupted }: BenchStack,
  say: (text: string) => void,
): Promise<(count: number) => Promise<BenchDatabases>> {
  const admin = new Client({ connectionString: addresses.databaseUrl, application_name: 'nova-bench' });
  await admin.connect();
  admin.on('error', () => undefined);
  cleanup.add('connection to PostgreSQL', () => admin.end());
  const made = new Set<string>();
  const drop = async (name: string): Promise<void> => {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    made.delete(name);
  };
  cleanup.add('databases', async () => {
    for (const name of made) await drop(name);
  });
  const create = async (name: string, from?: string): Promise<string> => {
    interrupted.throwIfAborted();
    made.add(name);
    await admin.query(`CREATE DATABASE ${name}${from === undefined ? '' : ` TEMPLATE ${from}`}`);
    const url = new URL(addresses.databaseUrl);
    url.pathname = `/${name}`;
    return url.href;
  };
  const [stateTemplate, outboxTemplate] = [`${names.database}_state`, `${names.database}_outbox`];
  const stateUrl = await create(stateTemplate);
  await runMigrations(stateUrl, { sets: ['state'] });
  await makeLogins(stateUrl);
  const outboxUrl = await create(outboxTemplate);
  await runMigrations(outboxUrl, { sets: ['outbox'], rolePrefix });
  await makeLogins(outboxUrl, rolePrefix);
  let measurements = 0;
  return async (count) => {
    const prefix = `${names.database}_m${++measurements}_`;
    const state = await create(`${prefix}state`, stateTemplate);
    const outboxes: BenchOutbox[] = [];
    for (let i = 1; i <= count; i++) {
      if (i % 20 === 0) say(`${i} of ${count} databases made`);
      const url = await create(`${prefix}${i}`, outboxTemplate);
      outboxes.push({ name: `service-${i}`, url, bridgeUrl: urlsOf(url, rolePrefix).bridge });
    }
    return {
      ...{ prefix, outboxes },
      environment: (listening) => ({
        DATABASE_URL: urlsOf(state).bridge,
        OUTBOXES: JSON.stringify(
          outboxes.map(({ name, bridgeUrl: url }) => ({ name, url, ...(listening ? { listenUrl: url } : {}) })),
        ),
      }),
      drop: async () => {
        for (const name of [...made].filter((each) => each.startsWith(prefix))) await drop(name);
      },
    };
  };
}
