import { Client } from 'pg';
import { type TestDatabase, createTestDatabase } from './database';
import { insertEvent, newId } from './events';
import { type OwnSystem, createOwnSystem } from './own-system';
import { servers } from './servers';

/** A database with the login of an operator who has the desk, and a system of which nothing runs yet. */
export interface ConsoleWorld {
  readonly database: TestDatabase;
  readonly system: OwnSystem;
  /** What the console reads. */
  readonly environment: Readonly<Record<string, string>>;
  /** A row that was given up: its editor is a number. Returns its id. */
  poisoned(payload?: Readonly<Record<string, unknown>>): Promise<string>;
  /** A well-formed row that was given up. */
  givenUp(): Promise<string>;
  close(): Promise<void>;
}

export async function createConsoleWorld(): Promise<ConsoleWorld> {
  const database = await createTestDatabase();
  const system = await createOwnSystem(servers(), database.url);
  const login = `console_test_${newId().slice(0, 8)}`;
  await database.pool.query(`CREATE ROLE ${login} LOGIN PASSWORD 'x' IN ROLE nova_operator, nova_desk`);
  const url = new URL(database.url);
  [url.username, url.password] = [login, 'x'];
  const giveUp = async (type: 'message.edited' | 'follow.added', payload: Readonly<Record<string, unknown>>) => {
    const { eventId } = await insertEvent(database.pool, type, payload as never, { started: false });
    await database.pool.query(
      `UPDATE outbox_events SET dead_lettered_at = now(), claim_count = 1,
         last_error = 'INVALID_PAYLOAD: editor_id: Expected string' WHERE id = $1`,
      [eventId],
    );
    return eventId;
  };
  return {
    ...{ database, system, environment: { ...system.environment, DATABASE_URL: url.href } },
    poisoned: (payload = {}) =>
      giveUp('message.edited', {
        ...{ message_id: newId(), conversation_id: newId(), editor_id: 7, content: 'x' },
        ...payload,
      }),
    givenUp: () => giveUp('follow.added', { follower_id: newId(), followee_id: newId() }),
    close: async () => {
      await system.close();
      const admin = new Client({ connectionString: database.url.replace(/\/[^/]*$/, '/postgres') });
      await database.drop();
      await admin.connect();
      await admin.query(`DROP ROLE ${login}`);
      await admin.end();
    },
  };
}
