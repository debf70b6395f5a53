import { type Pool } from 'pg';
import { runMigrations } from '../../migrations/run-migrations';
import { OutboxPools } from '../../runtime/outbox-pools';
import { asAdmin, newDatabaseName, patientPool } from './database';
import { createDatabase, dropDatabase } from './databases';
import { databaseUrl, servers } from './servers';

/** State and outboxes, each in a database that has its own tables and no others. */
export interface DatabasesApart {
  readonly state: Pool;
  readonly outboxes: OutboxPools;
  drop(): Promise<void>;
}

/** Fresh databases, one for State and one for each outbox. */
export async function createDatabasesApart(outboxes: readonly string[]): Promise<DatabasesApart> {
  const names: string[] = [];
  const pools: Pool[] = [];
  const create = async (set: 'state' | 'outbox'): Promise<Pool> => {
    const name = newDatabaseName();
    names.push(name);
    await asAdmin((admin) => createDatabase(admin, name));
    const url = databaseUrl(servers().databaseUrl, name);
    await runMigrations(url, { sets: [set] });
    const pool = patientPool({ url, max: 5, applicationName: `nova-test-${set}` });
    pools.push(pool);
    return pool;
  };
  const state = await create('state');
  const byName = new Map<string, Pool>();
  for (const outbox of outboxes) byName.set(outbox, await create('outbox'));
  return {
    state,
    outboxes: new OutboxPools(byName),
    drop: async () => {
      await Promise.all(pools.map((pool) => pool.end()));
      for (const name of names) await asAdmin((admin) => dropDatabase(admin, name));
    },
  };
}
