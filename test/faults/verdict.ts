import { WorkflowNotFoundError } from '@temporalio/client';
import { kafkaHeaders } from '../../contracts/kafka';
import { waitFor } from '../support/wait-for';
import { type Lane, type Row } from './lane';
import { type Expected } from './scene';

/** What a case committed and what it took back. */
export interface Traces {
  readonly committed: readonly Row[];
  readonly rolledBack: readonly Row[];
  readonly expected: Expected;
}

interface OutboxRow {
  id: string;
  sequence: number;
  published: boolean;
  emitted: boolean;
  emittedAtMs: number | null;
  dead: boolean;
  leased: boolean;
  open: number;
  last_error: string | null;
}

/** Waits until nothing of these rows is under way any more. */
export async function settled(
  lane: Lane,
  rows: readonly Row[],
  timeoutMs: number,
  waiting: readonly string[] = [],
): Promise<void> {
  const ids = rows.map(({ id }) => id);
  let missing: string[] = [];
  await waitFor(
    async () => {
      missing = [
        ...(await unfinishedRows(lane, ids)),
        ...(await openRuns(
          lane,
          ids.filter((id) => !waiting.includes(id)),
        )),
      ];
      return missing.length === 0;
    },
    { timeoutMs, everyMs: 150, what: 'settling' },
  ).catch(() => {
    throw new Error(`not settled within ${timeoutMs} ms: ${missing.slice(0, 5).join('; ')}`);
  });
}

/** Everything that is wrong with what the case left on the servers. */
export async function faultsOf(lane: Lane, traces: Traces): Promise<string[]> {
  const { expected } = traces;
  const found = await Promise.all([
    rowFaults(lane, traces),
    runFaults(lane, traces),
    kafkaFaults(lane, traces),
    feedFaults(lane, expected),
    noticeFaults(lane, traces),
    mailFaults(lane, traces),
    mediaFaults(lane, expected),
    erasureFaults(lane, expected),
  ]);
  return found.flat();
}

async function outboxRows(lane: Lane, ids: readonly string[]): Promise<OutboxRow[]> {
  const { rows } = await lane.database.pool.query<OutboxRow>(
    `SELECT id, sequence::float8 AS sequence, published_at IS NOT NULL AS published, emitted_at IS NOT NULL AS emitted,
       (extract(epoch FROM emitted_at) * 1000)::float8 AS "emittedAtMs",
       dead_lettered_at IS NOT NULL AS dead, lease_token IS NOT NULL OR lease_until IS NOT NULL AS leased, last_error,
       (SELECT count(*)::int FROM notification_deliveries d
        WHERE d.event_id = o.id AND d.state IN ('pending', 'claimed')) AS open
     FROM outbox_events o WHERE id = ANY ($1)`,
    [ids],
  );
  return rows;
}

async function unfinishedRows(lane: Lane, ids: readonly string[]): Promise<string[]> {
  const rows = await outboxRows(lane, ids);
  return rows
    .filter(({ published, emitted, leased, open }) => !published || !emitted || leased || open > 0)
    .map((row) => `row ${JSON.stringify(row)}`);
}

async function openRuns(lane: Lane, ids: readonly string[]): Promise<string[]> {
  const open = await Promise.all(
    ids.map(async (id) => {
      try {
        const run = await lane.client.workflow.getHandle(id).describe();
        return run.status.name === 'RUNNING' ? [`workflow ${run.type} ${id} is running`] : [];
      } catch (thrown) {
        if (thrown instanceof WorkflowNotFoundError) return [`row ${id} has no workflow`];
        throw thrown;
      }
    }),
  );
  return open.flat();
}

async function rowFaults(lane: Lane, { committed, rolledBack }: Traces): Promise<string[]> {
  const rows = await outboxRows(
    lane,
    [...committed, ...rolledBack].map(({ id }) => id),
  );
  const bad = rows.filter(({ published, emitted, dead, leased }) => !published || !emitted || dead || leased);
  const missing = committed.filter(({ id }) => !rows.some((row) => row.id === id));
  return [
    ...bad.map((row) => `row not as it should be: ${JSON.stringify(row)}`),
    ...missing.map(({ id }) => `row ${id} is lost`),
    ...rolledBack
      .filter(({ id }) => rows.some((row) => row.id === id))
      .map(({ id }) => `rolled-back row ${id} is there`),
  ];
}

/** One run each, completed; none of what was rolled back. */
async function runFaults(lane: Lane, { committed, rolledBack, expected }: Traces): Promise<string[]> {
  const ids = [...committed, ...rolledBack].map(({ id }) => id);
  const query = `WorkflowId IN (${ids.map((id) => `'${id}'`).join(', ')})`;
  const isOver = (id: string): boolean =>
    runs.get(id)?.every((run) => !run.startsWith('RUNNING') || expected.waiting?.includes(id)) ?? false;
  let runs = new Map<string, string[]>();
  // What is listed follows what happens at a distance, the end of a run as well as its beginning.
  await waitFor(async () => {
    runs = await listedRuns(lane, query);
    return committed.every(({ id }) => isOver(id));
  }).catch(() => undefined);
  return [
    ...committed.flatMap(({ id, type }) => {
      const [run = 'none', ...more] = runs.get(id) ?? [];
      const waits = expected.waiting?.includes(id) === true && run.startsWith('RUNNING');
      return more.length === 0 && (waits || run.startsWith('COMPLETED'))
        ? []
        : [`${type} ${id} has runs ${[run, ...more].join()}`];
    }),
    ...rolledBack.filter(({ id }) => runs.has(id)).map(({ id }) => `rolled-back ${id} has a run`),
  ];
}

async function listedRuns({ client }: Lane, query: string): Promise<Map<string, string[]>> {
  const runs = new Map<string, string[]>();
  for await (const { workflowId, runId, status } of client.workflow.list({ query }))
    runs.set(workflowId, [...(runs.get(workflowId) ?? []), `${status.name} ${runId}`]);
  return runs;
}

/** PostgreSQL's clock and ours are this machine's, read one after the other. */
const clockMarginMs = 200;

/**
 * Every event on Kafka, first appearances in the order of their aggregate. Whoever dies, or is not answered in time, between
 * the acknowledgement and the mark has the event sent again: a copy before the mark is the price of at-least-once, one
 * after it is a fault.
 */
async function kafkaFaults(lane: Lane, { committed, rolledBack, expected }: Traces): Promise<string[]> {
  const idOf = (message: { headers: Record<string, string> }) => message.headers[kafkaHeaders.eventId] ?? '';
  const here = () => new Set(lane.kafka.messages.map(idOf));
  const faults: string[] = [];
  // A reader whose coordinator was lost is let back in when its old session has ended, after half a minute.
  const arrived = () => {
    const seen = here();
    return committed.every(({ id }) => seen.has(id));
  };
  await waitFor(arrived, { timeoutMs: 300_000, everyMs: 200 }).catch(() => {
    const seen = here();
    faults.push(...committed.filter(({ id }) => !seen.has(id)).map(({ id }) => `event ${id} is not on Kafka`));
  });
  const ids = committed.map(({ id }) => id);
  const rows = new Map((await outboxRows(lane, ids)).map((row) => [row.id, row]));
  const firsts = new Map<string, number[]>();
  const copies = new Map<string, number>();
  for (const message of lane.kafka.messages) {
    const id = idOf(message);
    copies.set(id, (copies.get(id) ?? 0) + 1);
    const row = committed.find((each) => each.id === id);
    const emittedAtMs = rows.get(id)?.emittedAtMs ?? Infinity;
    if (expected.kafkaTwice !== true && message.storedAtMs > emittedAtMs + clockMarginMs)
      faults.push(`event ${id} was sent again after its mark`);
    if (row === undefined || copies.get(id) !== 1) continue;
    const line = `${message.topic} ${row.aggregateId}`;
    firsts.set(line, [...(firsts.get(line) ?? []), rows.get(id)?.sequence ?? 0]);
  }
  for (const [line, order] of firsts)
    if (order.some((sequence, i) => sequence < (order[i - 1] ?? 0)))
      faults.push(`out of order: ${line} ${order.join()}`);
  return [...faults, ...rolledBack.filter(({ id }) => copies.has(id)).map(({ id }) => `rolled-back ${id} is on Kafka`)];
}

async function feedFaults({ redis }: Lane, { feeds = {}, captions = {} }: Expected): Promise<string[]> {
  const faults: string[] = [];
  for (const [userId, wanted] of Object.entries(feeds)) {
    const listed = await redis.zrange(`feed:${userId}`, '0', '-1');
    if (listed.sort().join() !== [...wanted].sort().join())
      faults.push(`feed ${userId} lists [${listed.join()}], not [${wanted.join()}]`);
  }
  for (const [postId, caption] of Object.entries(captions)) {
    const cached = await redis.get(`post:${postId}`);
    const shown = cached === null ? null : (JSON.parse(String(cached)) as { caption?: string }).caption;
    if (shown !== caption) faults.push(`the cache shows ${String(shown)} for post ${postId}, not ${String(caption)}`);
    // A process that hung may be at a page again: it closes what it opens. One that nothing closes stays.
    const closed = async () => (await redis.hlen(`feed_open:${postId}`)) === 0;
    await waitFor(closed).catch(() => faults.push(`post ${postId} has open pages`));
  }
  return faults;
}

async function noticeFaults(lane: Lane, { committed, expected }: Traces): Promise<string[]> {
  if (expected.told === undefined) return [];
  const { rows } = await lane.database.pool.query<{ key: string }>(
    `SELECT event_id || ' ' || recipient_id AS key FROM notifications
     WHERE event_id = ANY ($1) AND retracted_at IS NULL`,
    [committed.map(({ id }) => id)],
  );
  const told = new Set(rows.map(({ key }) => key));
  const wanted = new Set(expected.told.map(({ eventId, recipientId }) => `${eventId} ${recipientId}`));
  return [
    ...(told.size === rows.length ? [] : ['somebody has a notification twice']),
    ...[...wanted].filter((key) => !told.has(key)).map((key) => `not told: ${key}`),
    ...[...told].filter((key) => !wanted.has(key)).map((key) => `told though nobody should be: ${key}`),
  ];
}

/** Never two, and none only if the ledger says that no one can know. */
async function mailFaults(lane: Lane, { committed, expected }: Traces): Promise<string[]> {
  const { rows } = await lane.database.pool.query<{ event_id: string; recipient_id: string; state: string }>(
    `SELECT event_id, recipient_id, state FROM notification_deliveries
     WHERE event_id = ANY ($1) AND channel = 'email'`,
    [committed.map(({ id }) => id)],
  );
  const faults: string[] = [];
  const wanted = new Set((expected.mails ?? []).map(({ eventId, recipientId }) => `${eventId}.${recipientId}`));
  const states = new Map(rows.map((row) => [`${row.event_id}.${row.recipient_id}`, row.state]));
  for (const key of new Set([...wanted, ...states.keys()])) {
    const state = states.get(key) ?? 'absent';
    const count = lane.mail.received.filter(({ messageId }) => messageId.includes(key)).length;
    const right = count === 1 ? ['sent', 'unknown'] : wanted.has(key) ? ['unknown'] : ['skipped', 'unknown', 'absent'];
    const allowed = count === 0 || wanted.has(key) || expected.mailsOptional === true;
    if (count > 1 || !allowed || !right.includes(state))
      faults.push(`e-mail ${key}: sent ${count} times, ledger ${state}`);
  }
  return faults;
}

async function mediaFaults(lane: Lane, { media = {} }: Expected): Promise<string[]> {
  const { rows } = await lane.database.pool.query<{ post_id: string; media_id: string }>(
    'SELECT post_id, media_id FROM post_media WHERE post_id = ANY ($1)',
    [Object.keys(media)],
  );
  return Object.entries(media).flatMap(([postId, wanted]) => {
    const linked = rows.filter(({ post_id }) => post_id === postId).map(({ media_id }) => media_id);
    return linked.sort().join() === [...wanted].sort().join()
      ? []
      : [`post ${postId} has media [${linked.join()}], not [${wanted.join()}]`];
  });
}

async function erasureFaults({ database, redis }: Lane, { erased = [] }: Expected): Promise<string[]> {
  const faults: string[] = [];
  for (const userId of erased) {
    const { rows } = await database.pool.query<{ state: string; traces: boolean }>(
      `SELECT state, username IS NOT NULL OR display_name IS NOT NULL OR email IS NOT NULL AS traces
       FROM user_profiles WHERE user_id = $1`,
      [userId],
    );
    if (rows[0]?.state !== 'deleted' || rows[0].traces)
      faults.push(`user ${userId} is not erased: ${JSON.stringify(rows)}`);
    const live = `SELECT 1 FROM post_states WHERE author_id = $1 AND status <> 'deleted'`;
    if ((await database.pool.query(live, [userId])).rowCount !== 0) faults.push(`user ${userId} still has posts`);
    const shown =
      (await redis.exists(`author:${userId}`)) === 1 || (await redis.sismember('hidden_users', userId)) === 0;
    if (shown) faults.push(`Redis still shows user ${userId}`);
  }
  return faults;
}
