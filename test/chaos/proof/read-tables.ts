import { type Pool } from 'pg';
import { setTimeout as pause } from 'node:timers/promises';
import { bridgeTrouble } from './bridge-trouble';
import {
  type BridgeInstance,
  type Delivery,
  type Evidence,
  type Handling,
  type OutboxRow,
  type PostStateRow,
} from './evidence';

const pageSize = 5_000;
const nobody = '00000000-0000-0000-0000-000000000000';

const outboxPage = `
  SELECT id, extract(epoch FROM published_at)::float8 * 1000 AS "publishedAtMs",
    extract(epoch FROM emitted_at)::float8 * 1000 AS "emittedAtMs",
    extract(epoch FROM dead_lettered_at)::float8 * 1000 AS "deadLetteredAtMs", retry_count AS "retryCount",
    last_error AS "lastError", lease_token IS NOT NULL OR lease_until IS NOT NULL AS leased
  FROM outbox_events WHERE id > $1 ORDER BY id LIMIT ${pageSize}`;
const told = `
  SELECT event_id AS "eventId", recipient_id AS "recipientId", kind, in_app AS "inApp",
    retracted_at IS NOT NULL AS retracted, subject_type AS "subjectType", subject_id AS "subjectId" FROM notifications`;
const deliveries = `
  SELECT event_id AS "eventId", recipient_id AS "recipientId", channel, state FROM notification_deliveries`;
const links = 'SELECT post_id AS "postId", media_id AS "mediaId", event_id AS "eventId" FROM post_media';
const postStates = `
  SELECT post_id AS "postId", status, EXISTS (
    SELECT FROM tombstones t WHERE t.final AND ((t.subject_type = 'post' AND t.subject_id = p.post_id::text)
      OR (t.subject_type = 'user' AND t.subject_id = p.author_id::text))) AS forbidden
  FROM post_states p`;
const bridges = `
  SELECT instance_id AS "instanceId", state, reason, ARRAY(SELECT jsonb_object_keys(paused_types)) AS "pausedTypes",
    extract(epoch FROM now() - heartbeat_at)::float8 * 1000 AS "silentForMs" FROM bridge_instances`;

const handlings = `
  SELECT n::float8 AS n, listener, topic, key, event_id AS "eventId", sequence::float8 AS sequence,
    extract(epoch FROM began_at)::float8 * 1000 AS "beganAtMs", extract(epoch FROM ended_at)::float8 * 1000 AS "endedAtMs"
  FROM business.heard`;

/** Every outbox row, page by page, whoever wrote it. */
export async function readOutbox(pool: Pool, onPage: (count: number) => void): Promise<OutboxRow[]> {
  const rows: OutboxRow[] = [];
  for (let after = nobody; ;) {
    const page = await pool.query<OutboxRow>(outboxPage, [after]);
    rows.push(...page.rows);
    const last = page.rows.at(-1);
    if (last === undefined) return rows;
    after = last.id;
    onPage(rows.length);
  }
}

/** What the effects left in PostgreSQL. */
export async function readEffects(
  pool: Pool,
): Promise<Pick<Evidence, 'told' | 'deliveries' | 'links' | 'postStates' | 'bridges' | 'handlings'>> {
  return {
    told: (await pool.query<Evidence['told'][number]>(told)).rows,
    deliveries: (await pool.query<Delivery>(deliveries)).rows,
    links: (await pool.query<Evidence['links'][number]>(links)).rows,
    postStates: (await pool.query<PostStateRow>(postStates)).rows,
    bridges: await readBridges(pool),
    handlings: (await pool.query<Handling>(handlings)).rows,
  };
}

/** Numbers of the transactions that happened. */
export async function readMarks(pool: Pool): Promise<Set<number>> {
  const { rows } = await pool.query<{ tx: number }>('SELECT tx::float8 AS tx FROM business.transactions');
  return new Set(rows.map(({ tx }) => tx));
}

const locksHeld = `
  SELECT format('process %s (%s) holds the advisory lock %s/%s', l.pid, a.application_name, l.classid, l.objid) AS what
  FROM pg_locks l JOIN pg_stat_activity a USING (pid)
  WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database() AND l.pid <> pg_backend_pid()`;
const transactionsOpen = `
  SELECT format('process %s (%s) has a transaction open since %s', pid, application_name, xact_start) AS what
  FROM pg_stat_activity
  WHERE datname = current_database() AND backend_type = 'client backend' AND xact_start IS NOT NULL
    AND pid <> pg_backend_pid()`;
const betweenLooksMs = 1_500;
/** What leaks stays; a statement of a starved server may last for many seconds, and ends. */
const patienceMs = 120_000;

/** What is held at every look for two minutes: the lock or transaction of a process at work is not among them. */
export async function readHeld(pool: Pool, forMs = patienceMs): Promise<string[]> {
  const look = async (): Promise<string[]> => {
    const seen = [];
    for (const sql of [locksHeld, transactionsOpen]) seen.push(...(await pool.query<{ what: string }>(sql)).rows);
    return seen.map(({ what }) => what);
  };
  let held = await look();
  const begun = performance.now();
  while (held.length > 0 && performance.now() - begun < forMs) {
    await pause(betweenLooksMs);
    const seen = await look();
    held = held.filter((what) => seen.includes(what));
  }
  return held;
}

/** What the bridges say, once they hold back nothing: on a starved machine one may be in an outage of a moment. */
export async function readBridges(pool: Pool, forMs = patienceMs): Promise<BridgeInstance[]> {
  const begun = performance.now();
  for (;;) {
    const { rows } = await pool.query<BridgeInstance>(bridges);
    if (rows.flatMap(bridgeTrouble).length === 0 || performance.now() - begun > forMs) return rows;
    await pause(betweenLooksMs);
  }
}
