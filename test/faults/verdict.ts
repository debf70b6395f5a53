import { WorkflowNotFoundError } from '@temporalio/client';
import { type Evidence } from '../../proof/checks/evidence';
import { judge, sentencesOf } from '../../proof/checks/judge';
import { kafkaHeaders } from '../../contracts/kafka';
import { loadEvents } from '../../proof/observe/load-truth';
import { readRuns } from '../../proof/observe/read-runs';
import { readEffects, readOutbox } from '../../proof/observe/read-tables';
import { readRedis, type RedisState } from '../../proof/observe/redis-reader';
import { outboxesIn } from '../../proof/services';
import { servers } from '../support/servers';
import { waitFor } from '../support/wait-for';
import { writerOf } from './databases';
import { expectationOf } from './expectation';
import { type FaultSystem } from './fault-system';
import { type Row } from './rows';
import { type Expected } from './scene';

/** What a case committed and what it took back. */
export interface Traces {
  readonly committed: readonly Row[];
  readonly rolledBack: readonly Row[];
  readonly expected: Expected;
}

interface OutboxRow {
  id: string;
  started: boolean;
  emitted: boolean;
  leased: boolean;
  last_error: string | null;
}

/** Waits until nothing of these rows is under way any more. */
export async function settled(
  system: FaultSystem,
  rows: readonly Row[],
  timeoutMs: number,
  waiting: readonly string[] = [],
): Promise<void> {
  const ids = rows.map(({ id }) => id);
  let missing: string[] = [];
  await waitFor(
    async () => {
      missing = [
        ...(await unfinishedRows(system, rows)),
        ...(await openRuns(
          system,
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

/** Everything that is wrong with what the case left on the servers. The evidence is gathered here and judged elsewhere. */
export async function faultsOf(system: FaultSystem, { committed, rolledBack, expected }: Traces): Promise<string[]> {
  const ids = committed.map(({ id }) => id);
  const all = [...ids, ...rolledBack.map(({ id }) => id)];
  await arrived(system, ids);
  await closed(system, Object.keys(expected.captions ?? {}));
  const known = {
    committed: new Map(committed.map(({ id, type }) => [id, { type, atMs: 0 }])),
    rolledBack: new Set(rolledBack.map(({ id }) => id)),
  };
  const { events, unaccounted } = await loadEvents(outboxesIn(system.databases), known, all);
  const evidence = { unaccounted, ...(await evidenceOf(system, ids, all, expected)) };
  // At least once is all that is promised where a process dies between the acknowledgement and the mark.
  const late = expected.kafkaTwice === true ? (['kafka.late'] as const) : [];
  const judgement = judge(expectationOf(events, known.rolledBack, expected), evidence);
  return sentencesOf(judgement, ['kafka.duplicates', 'emails.unknown', ...late]);
}

/** What the servers say of one case: other cases work on the same system meanwhile. */
async function evidenceOf(
  system: FaultSystem,
  ids: readonly string[],
  all: readonly string[],
  { feeds = {}, captions = {}, media = {} }: Expected,
): Promise<Omit<Evidence, 'unaccounted'>> {
  const [committed, own] = [new Set(ids), new Set(all)];
  const { notices, deliveries, links, postStates, profiles } = await readEffects(system.databases.state);
  const query = `WorkflowId IN (${all.map((id) => `'${id}'`).join(', ')})`;
  const isOwn = ({ eventId }: { readonly eventId: string }): boolean => own.has(eventId);
  return {
    rows: (await Promise.all(outboxesIn(system.databases).map((pool) => readOutbox(pool))))
      .flat()
      .filter(({ id }) => committed.has(id)),
    runs: await readRuns(system.client, query, ids),
    messages: system.kafka.messages.filter(({ headers }) => own.has(headers[kafkaHeaders.eventId] ?? '')),
    redis: only(await readRedis(servers().redisUrl, system.redis.options.keyPrefix ?? ''), {
      users: new Set(Object.keys(feeds)),
      posts: new Set(Object.keys(captions)),
    }),
    mails: system.mail.received
      .map(({ messageId }) => ({ messageId: messageId.replace(/[<>]/g, '') }))
      .filter(({ messageId }) => own.has(messageId.split('.')[0] ?? '')),
    // What was taken back counts as not there.
    notices: notices.filter((notice) => isOwn(notice) && !notice.retracted),
    deliveries: deliveries.filter(isOwn),
    links: links.filter((link) => isOwn(link) || link.postId in media),
    // Each post here was recorded long before what deletes it: that a tombstone forbids it is not enough.
    postStates: postStates.map((state) => ({ ...state, forbidden: false })),
    profiles,
  };
}

function only(
  redis: RedisState,
  { users, posts }: { users: ReadonlySet<string>; posts: ReadonlySet<string> },
): RedisState {
  const among = <T>(map: ReadonlyMap<string, T>, keys: ReadonlySet<string>) =>
    new Map([...map].filter(([key]) => keys.has(key)));
  return {
    ...redis,
    feeds: among(redis.feeds, users),
    captions: among(redis.captions, posts),
    openPages: among(redis.openPages, posts),
  };
}

/** A reader whose coordinator was lost is let back in when its old session has ended, after half a minute. */
async function arrived({ kafka }: FaultSystem, ids: readonly string[]): Promise<void> {
  const isHere = (): boolean => {
    const seen = new Set(kafka.messages.map(({ headers }) => headers[kafkaHeaders.eventId]));
    return ids.every((id) => seen.has(id));
  };
  await waitFor(isHere, { timeoutMs: 300_000, everyMs: 200 }).catch(() => undefined);
}

/** A process that hung may be at a page again: it closes what it opens. One that nothing closes stays. */
async function closed({ redis }: FaultSystem, postIds: readonly string[]): Promise<void> {
  const open = async (): Promise<number> =>
    (await Promise.all(postIds.map((postId) => redis.hlen(`feed_open:${postId}`)))).reduce((sum, n) => sum + n, 0);
  await waitFor(async () => (await open()) === 0).catch(() => undefined);
}

const rowsOf = `
  SELECT id, published_at IS NOT NULL AS started, emitted_at IS NOT NULL AS emitted,
    lease_token IS NOT NULL OR lease_until IS NOT NULL AS leased, last_error
  FROM nova.outbox_events WHERE id = ANY ($1)`;
const openDeliveries = `
  SELECT DISTINCT event_id AS id FROM nova.notification_deliveries
  WHERE event_id = ANY ($1) AND state IN ('pending', 'claimed')`;

/** Asks the outboxes of these rows and no others: one of those may be away. */
async function unfinishedRows({ databases }: FaultSystem, rows: readonly Row[]): Promise<string[]> {
  const ids = rows.map(({ id }) => id);
  const { rows: open } = await databases.state.query<{ id: string }>(openDeliveries, [ids]);
  const found: OutboxRow[] = [];
  for (const outbox of new Set(rows.map((each) => databases.services[writerOf(each)])))
    found.push(...(await outbox.query<OutboxRow>(rowsOf, [ids])).rows);
  return [
    ...found
      .filter(({ started, emitted, leased }) => !started || !emitted || leased)
      .map((row) => `row ${JSON.stringify(row)}`),
    ...open.map(({ id }) => `row ${id} has open deliveries`),
  ];
}

async function openRuns(system: FaultSystem, ids: readonly string[]): Promise<string[]> {
  const open = await Promise.all(
    ids.map(async (id) => {
      try {
        const run = await system.client.workflow.getHandle(id).describe();
        return run.status.name === 'RUNNING' ? [`workflow ${run.type} ${id} is running`] : [];
      } catch (thrown) {
        if (thrown instanceof WorkflowNotFoundError) return [`row ${id} has no workflow`];
        throw thrown;
      }
    }),
  );
  return open.flat();
}
