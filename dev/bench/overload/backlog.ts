import { setTimeout as sleep } from 'node:timers/promises';
import { type Pool } from 'pg';

/** What a backlog is made of: each row an aggregate of its own, with one notice and a message on Kafka, or the message only. */
export const backlogKinds = {
  'follow.added': `SELECT gen_random_uuid(), a.id, 'follow.added', $2::int, jsonb_build_object('follower_id', gen_random_uuid(), 'followee_id', a.id)`,
  'message.persisted': `SELECT a.id, a.id, 'message.persisted', $2::int, jsonb_build_object('message_id', a.id, 'conversation_id', a.id,
      'sender_id', gen_random_uuid(), 'recipient_ids', jsonb_build_array(gen_random_uuid()))`,
  'message.edited': `SELECT gen_random_uuid(), a.id, 'message.edited', $2::int, jsonb_build_object('message_id', a.id, 'conversation_id', a.id,
      'editor_id', gen_random_uuid())`,
} as const;
export type BacklogKind = keyof typeof backlogKinds;

/** Commits so many rows at one moment. */
export async function commitBacklog(pool: Pool, kind: BacklogKind, rows: number, priority: number): Promise<void> {
  await pool.query(
    `INSERT INTO nova.outbox_events (id, aggregate_id, event_type, priority, payload)
     ${backlogKinds[kind]} FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $1::int)) a`,
    [rows, priority],
  );
}

/** How far a backlog is. */
export interface Progress {
  readonly started: number;
  readonly emitted: number;
  readonly rows: number;
}

async function progressOf(pool: Pool, kind: BacklogKind): Promise<Progress> {
  const { rows } = await pool.query<Progress>(
    `SELECT count(published_at)::int AS started, count(emitted_at)::int AS emitted, count(*)::int AS rows
     FROM nova.outbox_events WHERE event_type = $1`,
    [kind],
  );
  return rows[0] ?? { started: 0, emitted: 0, rows: 0 };
}

/** Waits until every row is on Kafka; returns the last look. */
export async function untilEmitted(
  pool: Pool,
  kind: BacklogKind,
  { timeoutMs, onLook }: { timeoutMs: number; onLook: (progress: Progress) => void },
): Promise<Progress> {
  for (const deadline = performance.now() + timeoutMs; ; await sleep(500)) {
    const progress = await progressOf(pool, kind);
    onLook(progress);
    if (progress.emitted === progress.rows || performance.now() > deadline) return progress;
  }
}
