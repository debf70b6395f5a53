import { type Pool } from 'pg';
import { OutboxPools } from '../../runtime/outbox-pools';
import { type TestDatabase, createTestDatabase } from './database';

/** Databases that each hold an outbox, as several services have them, and one that is State. */
export interface TestOutboxes {
  readonly state: TestDatabase;
  readonly of: Readonly<Record<string, TestDatabase>>;
  readonly pools: OutboxPools;
  /** What a process reads from its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The same, with one outbox at an address where nothing listens. */
  environmentWithout(name: string): Readonly<Record<string, string>>;
  drop(): Promise<void>;
}

/** Nothing listens there. */
const nowhere = 'postgres://u:secret@127.0.0.1:1/gone';

export async function createTestOutboxes(...names: string[]): Promise<TestOutboxes> {
  const state = await createTestDatabase();
  const databases = await Promise.all(names.map(() => createTestDatabase()));
  const of = Object.fromEntries(names.map((name, i) => [name, databases[i]!]));
  const settings = (urlOf: (name: string) => string) => ({
    DATABASE_URL: state.url,
    OUTBOXES: JSON.stringify(names.map((name) => ({ name, url: urlOf(name) }))),
  });
  return {
    ...{ state, of },
    pools: new OutboxPools(new Map(names.map((name): [string, Pool] => [name, of[name]!.pool]))),
    environment: settings((name) => of[name]!.url),
    environmentWithout: (gone) => settings((name) => (name === gone ? nowhere : of[name]!.url)),
    drop: async () => {
      await Promise.all([state, ...databases].map((database) => database.drop()));
    },
  };
}
