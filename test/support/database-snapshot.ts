import { createDatabase, dropDatabase } from './databases';
import { asAdmin, newDatabaseName } from './database';

/** A database as it was at one moment, to which it can be brought back. */
export interface DatabaseSnapshot {
  /** Ends all sessions in the database and puts what it was in its place, as a restore from a backup does. */
  restore(): Promise<void>;
  drop(): Promise<void>;
}

/** Sessions in the database are ended; pools open others when they need them. */
export async function takeSnapshot(url: string): Promise<DatabaseSnapshot> {
  const [database, snapshot] = [new URL(url).pathname.slice(1), newDatabaseName()];
  const copy = (from: string, to: string) =>
    asAdmin(async (admin) => {
      await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [from]);
      await createDatabase(admin, to, from);
    });
  await copy(database, snapshot);
  return {
    restore: async () => {
      await asAdmin((admin) => dropDatabase(admin, database));
      await copy(snapshot, database);
    },
    drop: () => asAdmin((admin) => dropDatabase(admin, snapshot)),
  };
}
