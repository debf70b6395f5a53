import { type Client } from '@temporalio/client';
import { type TestBridge, createTestBridge } from './bridge';
import { type TestDatabase, createTestDatabase } from './database';
import { insertEvent, newId } from './events';
import { createTestClient, testQueuePrefix } from './temporal';
import { waitFor } from './wait-for';

type Row = Record<string, unknown>;

/** A database, a Temporal client and bridges, and the means to put any row into the outbox, however wrong. */
export class PoisonLab {
  private readonly bridges: TestBridge[] = [];
  private readonly prefix = testQueuePrefix();

  private constructor(
    readonly database: TestDatabase,
    readonly client: Client,
  ) {}

  static async open(): Promise<PoisonLab> {
    return new PoisonLab(await createTestDatabase(), await createTestClient());
  }

  bridge(overrides: Parameters<typeof createTestBridge>[0]['overrides'] = {}): TestBridge {
    const connection = this.client.connection as never;
    const made = createTestBridge({ pool: this.database.pool, connection, prefix: this.prefix, overrides });
    this.bridges.push(made);
    return made;
  }

  /** A row no bridge objects to. */
  healthy(conversation = newId()) {
    const payload = { message_id: newId(), conversation_id: conversation, editor_id: newId() };
    return insertEvent(this.database.pool, 'message.edited', payload, { started: false });
  }

  /** Columns as given over those of a healthy row; `payload` is JSON text. Returns the id. */
  async insert(columns: Row, database: Pick<TestDatabase['pool'], 'query'> = this.database.pool): Promise<string> {
    const aggregate = columns['aggregate_id'] ?? newId();
    const row: Row = {
      id: newId(),
      aggregate_id: aggregate,
      event_type: 'message.edited',
      payload: JSON.stringify({ message_id: newId(), conversation_id: aggregate, editor_id: newId() }),
      ...columns,
    };
    const names = Object.keys(row);
    await database.query(
      `INSERT INTO outbox_events (${names.join(', ')}) VALUES (${names.map((_, i) => `$${i + 1}`).join(', ')})`,
      Object.values(row),
    );
    return String(row['id']);
  }

  /** Without the payload: some cannot be read. */
  async row(id: string): Promise<Row> {
    const columns =
      'created_at, published_at, first_attempt_at, retry_count, claim_count, unfinished_claims, lease_token, last_error, dead_lettered_at';
    const rows = await this.database.pool.query<Row>(`SELECT ${columns} FROM outbox_events WHERE id = $1`, [id]);
    return rows.rows[0] ?? {};
  }

  started(id: string): Promise<Row> {
    return waitFor(async () => (await this.row(id))['published_at'] && this.row(id), { what: `row ${id} started` });
  }

  dead(id: string): Promise<Row> {
    return waitFor(async () => (await this.row(id))['dead_lettered_at'] && this.row(id), {
      what: `row ${id} given up`,
    });
  }

  async stopBridges(): Promise<void> {
    await Promise.all(this.bridges.splice(0).map(({ bridge }) => bridge.stop()));
  }

  async close(): Promise<void> {
    await this.stopBridges();
    await this.client.connection.close();
    await this.database.drop();
  }
}
