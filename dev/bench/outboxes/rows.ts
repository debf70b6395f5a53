import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { publish } from '../../../client/publish';
import { probes } from '../probes';
import { type BenchOutbox } from './databases';

/** A session of an administrator with one outbox, which writes events as a service does and counts starts. */
export class OutboxSession {
  private constructor(
    readonly name: string,
    private readonly client: Client,
  ) {}

  static async open({ name, url }: BenchOutbox): Promise<OutboxSession> {
    const client = new Client({ connectionString: url, application_name: 'nova-bench' });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('SET search_path = nova, pg_catalog');
    return new OutboxSession(name, client);
  }

  end(): Promise<void> {
    return this.client.end();
  }

  /** One event in a transaction of its own. */
  async publish(priority: keyof typeof probes, nudge: boolean): Promise<{ id: string; committedMs: number }> {
    const id = randomUUID();
    await this.client.query('BEGIN');
    await publish(this.client, { ...probes[priority](id), id });
    await this.client.query('COMMIT');
    const committedMs = Date.now();
    if (nudge) await this.client.query(`SELECT pg_notify('outbox_nudge', '')`);
    return { id, committedMs };
  }

  /** Normal rows of as many aggregates, in a transaction that stays open until `commit`. */
  async prepare(rows: number): Promise<void> {
    await this.client.query('BEGIN');
    await this.client.query(
      `INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload)
       SELECT gen_random_uuid(), a.id, 'message.edited',
         jsonb_build_object('message_id', a.id, 'conversation_id', a.id, 'editor_id', gen_random_uuid())
       FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $1::int)) a`,
      [rows],
    );
  }

  async commit(): Promise<void> {
    await this.client.query('COMMIT');
  }

  /** When each row was marked as started, epoch milliseconds; null: it was not. */
  async starts(): Promise<{ id: string; type: string; startedMs: number | null }[]> {
    const { rows } = await this.client.query<{ id: string; type: string; startedMs: number | null }>(
      `SELECT id, event_type AS type, (extract(epoch FROM published_at) * 1000)::float8 AS "startedMs" FROM nova.outbox_events`,
    );
    return rows;
  }

  /** Waits until nothing waits; false: something still does. */
  async drained(timeoutMs: number): Promise<boolean> {
    for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(500)) {
      const { rowCount } = await this.client.query('SELECT FROM nova.outbox_events WHERE published_at IS NULL LIMIT 1');
      if (rowCount === 0) return true;
    }
    return false;
  }
}

/** Opens a session with each; `close` ends all. */
export async function openSessions(outboxes: readonly BenchOutbox[]) {
  const sessions = await Promise.all(outboxes.map((outbox) => OutboxSession.open(outbox)));
  return { sessions, close: () => Promise.all(sessions.map((session) => session.end())).then(() => undefined) };
}

/** From the commit of each event to the mark of its start, milliseconds; one that was not started in time counts as `patienceMs`. */
export async function delays(
  written: readonly { readonly session: OutboxSession; readonly id: string; readonly committedMs: number }[],
  patienceMs = 20_000,
): Promise<number[]> {
  const sessions = [...new Set(written.map(({ session }) => session))];
  const started = new Map<string, number>();
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(200)) {
    for (const session of sessions)
      for (const { id, startedMs } of await session.starts()) if (startedMs !== null) started.set(id, startedMs);
    if (written.every(({ id }) => started.has(id))) break;
  }
  return written.map(({ id, committedMs }) =>
    Math.min(patienceMs, Math.max(0, (started.get(id) ?? Infinity) - committedMs)),
  );
}
