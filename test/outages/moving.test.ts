import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Client } from '@temporalio/client';
import { type Pool } from 'pg';
import { definitionOf } from '../../contracts/catalogue';
import { type Domain, domains } from '../../contracts/events/define';
import { kafkaHeaders } from '../../contracts/kafka';
import { queueNames, taskQueue } from '../../contracts/workflow-types';
import { urlsOf } from '../../dev/logins';
import { environmentOf } from '../../dev/stack/addresses';
import { signalDeleted } from '../../client/signal-deleted';
import { runMigrations } from '../../migrations/run-migrations';
import { preparedMove, switchMove } from '../../ops/move/move';
import { kafkaFaults } from '../../proof/checks/kafka';
import { mediaFaults } from '../../proof/checks/media';
import { notificationFaults } from '../../proof/checks/notifications';
import { rowFaults } from '../../proof/checks/rows';
import { type KafkaReader, deleteTopics, startKafkaReader } from '../../proof/observe/kafka-reader';
import { toError } from '../../runtime/errors';
import { readOutbox } from '../../proof/observe/read-tables';
import { asAdmin, createTestDatabase, newDatabaseName, patientPool, type TestDatabase } from '../support/database';
import { createDatabase, dropDatabase } from '../support/databases';
import { newId } from '../support/events';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy';
import { type MovedDomain, figuresText } from '../support/move-figures';
import { MovingService, againstTime } from '../support/moving-service';
import { runOps } from '../support/ops-command';
import { type OwnSystem, createOwnSystem, untilReady } from '../support/own-system';
import { databaseUrl, servers } from '../support/servers';
import { createTestClient } from '../support/temporal';
import { waitFor, waitUntilDone } from '../support/wait-for';
import { expectFeeds, expectOneRunEach, linksOf, noticesOf } from './evidence';
import { type Committed, type Story, type Traffic, commit, createTraffic } from './traffic';

jest.setTimeout(1_800_000);

let database: TestDatabase;
let client: Client;
let system: OwnSystem;
let proxy: FaultProxy;
let reader: KafkaReader;
const added = new Map<string, { readonly url: string; readonly pool: Pool; readonly name: string }>();

beforeEach(async () => {
  [database, client] = await Promise.all([createTestDatabase(), createTestClient()]);
  system = await createOwnSystem(servers(), database.url);
  const [host = '', port = ''] = new URL(database.url).host.split(':');
  proxy = await startFaultProxy({ host, port: Number(port) });
});
afterEach(async () => {
  const ends = await Promise.allSettled([system.close()]);
  await Promise.allSettled([reader?.close(), proxy.close(), client.connection.close()]);
  await deleteTopics(servers().kafkaBrokers, system.prefix);
  for (const { pool, name } of added.values()) {
    await pool.end();
    await asAdmin((admin) => dropDatabase(admin, name));
  }
  await database.drop();
  expect(ends).toEqual([{ status: 'fulfilled', value: undefined }]);
});

/** A database of its own with an outbox and nothing else, as a service installs it. */
async function install(outbox: string): Promise<Pool> {
  const name = newDatabaseName();
  await asAdmin((admin) => createDatabase(admin, name));
  const url = databaseUrl(servers().databaseUrl, name);
  await runMigrations(url, { sets: ['outbox'] });
  const pool = patientPool({ url, max: 10, applicationName: `nova-test-${outbox}` });
  added.set(outbox, { url, pool, name });
  return pool;
}

/** OUTBOXES for the login of a role. `mainUrl`: where the process is to find the old outbox, when not where everyone does. */
function listed(
  role: 'bridge' | 'workers' | 'operator',
  mainDomains: readonly Domain[] = domains,
  mainUrl = database.url,
) {
  const own = [...added].map(([name, { url }]) => ({ name, url: urlsOf(url)[role], domains: [name] }));
  return JSON.stringify([{ name: 'main', url: urlsOf(mainUrl)[role], domains: mainDomains }, ...own]);
}

const bridge = (outboxes: string, OUTBOXES = listed('bridge')) =>
  system.startBridge({ OUTBOXES, BRIDGE_OUTBOXES: outboxes, OUTBOX_POLL_MAX_MS: '200' });
const workers = (mainDomains?: readonly Domain[]) => system.startWorkers({ OUTBOXES: listed('workers', mainDomains) });

async function ops(...args: string[]): Promise<{ code: number; said: string }> {
  const environment = {
    ...environmentOf(servers()),
    ...system.environment,
    DATABASE_URL: urlsOf(database.url).operator,
    OUTBOXES: listed('operator'),
  };
  const { code, stdout, stderr } = await runOps(environment, ...args);
  return { code, said: stdout + stderr };
}

const throughProxy = (): string => {
  const url = new URL(database.url);
  url.host = `127.0.0.1:${proxy.port}`;
  return url.href;
};

const betweenMs = 2_000;
/** Events that are not on Kafka. With more, a slow machine would never come to the end of a move: writers wait for it. */
const mostBacklog = 40;
const backlog = async (): Promise<number> =>
  (await Promise.all(pools().map((pool) => count(pool, 'emitted_at IS NULL')))).reduce((sum, n) => sum + n, 0);

/** Writers that go on until `stop`: each has an author of its own, and all of them write about one post and one reaction target. */
function keepWriting(service: MovingService, stories: readonly Traffic[]) {
  const hot = { post: newId(), author: newId(), events: [] as Committed[] };
  let stopped = false;
  let rounds = 0;
  let granted = 0;
  const write = async (traffic: Traffic): Promise<void> => {
    const posts: string[] = [];
    while (!stopped) {
      // Between the rounds that the test asks for there is some traffic, too.
      while (granted === 0 && !stopped) {
        await pause(betweenMs);
        if ((await backlog()) < mostBacklog) break;
      }
      if (stopped) break;
      granted = Math.max(0, granted - 1);
      await traffic.round();
      posts.push(await traffic.post());
      const old = posts.length > 2 ? posts.shift() : undefined;
      if (old !== undefined) await (rounds % 2 === 0 ? traffic.remove(old) : traffic.edit(old));
      const about = { post_id: hot.post, user_id: hot.author };
      hot.events.push(await commit(service.database, 'content.post.updated', { ...about, caption: randomUUID() }));
      const reaction = { target_id: hot.post, target_type: 'post', user_id: newId(), emoji: 'x' } as const;
      hot.events.push(await commit(service.database, 'reaction.removed', reaction));
      rounds += 1;
    }
  };
  let failure: Error | undefined;
  const running = Promise.all(stories.map(write)).catch((thrown: unknown) => {
    stopped = true;
    failure = toError(thrown);
  });
  return {
    /** Writes without a rest until this is over: what it does to writers is seen. */
    eagerlyDuring: async <T>(work: Promise<T>): Promise<T> => {
      let isOver = false;
      const ended = work.finally(() => (isOver = true));
      const about = { post_id: hot.post, user_id: hot.author };
      while (!isOver)
        hot.events.push(await commit(service.database, 'content.post.updated', { ...about, caption: randomUUID() }));
      return ended;
    },
    /** Writes so many more rounds, whatever they take. */
    rounds: async (more: number): Promise<void> => {
      const until = rounds + more;
      granted = more;
      await waitFor(() => rounds >= until || failure !== undefined, {
        timeoutMs: 600_000,
        what: 'rounds of the writers',
      });
      if (failure !== undefined) throw failure;
    },
    stop: async (): Promise<readonly Committed[]> => {
      stopped = true;
      await running;
      if (failure !== undefined) throw failure;
      return hot.events;
    },
  };
}

const pools = (): Pool[] => [database.pool, ...[...added.values()].map(({ pool }) => pool)];
const count = async (pool: Pool, condition: string): Promise<number> =>
  (await pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM outbox_events WHERE ${condition}`)).rows[0]!.n;

/** What holds of every event, whichever outbox it was written in: proven from rows, runs, Kafka and State. @returns what was counted */
async function expectNothingLostOrTwice(service: MovingService, stories: readonly Story[], hot: readonly Committed[]) {
  const events = [...stories.flatMap((story) => story.events), ...hot];
  const rows = async () => (await Promise.all(pools().map((pool) => readOutbox(pool)))).flat();
  const left = async () =>
    (await rows()).reduce((n, row) => n + Number(row.publishedAtMs === null) + Number(row.emittedAtMs === null), 0);
  await waitUntilDone(left, { what: 'every row started and emitted' });
  const all = await rows();
  const there = new Set(all.map(({ id }) => id));
  const lost = events.filter(({ id }) => !there.has(id)).map(({ id }) => `event ${id} has no row`);
  const strangers = all.length === events.length ? [] : [`${all.length} rows of ${events.length} events`];
  expect(Object.values(rowFaults(all, [...lost, ...strangers])).flat()).toEqual([]);

  await reader.readToEnd(300_000);
  const onKafkaFaults = kafkaFaults({ events, rolledBack: new Set() }, reader.messages);
  expect(Object.values(onKafkaFaults).flat()).toEqual([]);
  const group = ({ type, aggregateId }: Committed) => `${definitionOf(type)?.domain} ${aggregateId}`;
  const byId = new Map(events.map((event) => [event.id, event]));
  const numbered = events.map((event) => ({ id: event.id, group: group(event), place: event.sequence }));
  const inSequences = againstTime(numbered, service.spans);
  expect(inSequences).toEqual([]);
  const onKafka = reader.messages.map(({ headers, offset }) => ({
    event: byId.get(headers[kafkaHeaders.eventId] ?? '')!,
    offset,
  }));
  const sent = onKafka.map(({ event, offset }) => ({ id: event.id, group: group(event), place: offset }));
  const inTopics = againstTime(sent, service.spans);
  expect(inTopics).toEqual([]);

  const everything = { ...stories[0]!, events };
  await expectOneRunEach(client, system.prefix, everything);
  const inStarts = await startsOutOfOrder(events, group);
  expect(inStarts).toEqual([]);
  for (const story of stories) {
    const notices = async () => notificationFaults(story.notices, await noticesOf(database.pool, story));
    await waitFor(async () => (await notices()).missing.length === 0, { what: 'the notifications' });
    expect(Object.values(await notices()).flat()).toEqual([]);
    const expected = {
      wanted: story.links,
      isGone: (postId: string) => story.posts.get(postId)?.status === 'deleted',
      unclaimed: new Set<string>(),
    };
    const media = async () => mediaFaults(expected, await linksOf(database.pool, story), []);
    await waitFor(async () => (await media()).missing.length === 0, { what: 'the media links' });
    expect(Object.values(await media()).flat()).toEqual([]);
  }
  const gone = stories.flatMap(({ posts }) =>
    [...posts].flatMap(([id, { status }]) => (status === 'deleted' ? [id] : [])),
  );
  const { rows: held } = await database.pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM tombstones WHERE final AND subject_type = 'post' AND subject_id = ANY ($1)`,
    [gone],
  );
  expect(held[0]?.n).toBe(gone.length);
  return {
    events: events.length,
    lost: lost.length + onKafkaFaults.missing.length,
    twice: strangers.length + onKafkaFaults.duplicates.length,
    outOfOrder: [...onKafkaFaults.disorder, ...inSequences, ...inTopics, ...inStarts].length,
  };
}

/** For how long neither outbox took rows, by the clock of the server that both are on. */
async function closedMs(domain: Domain, to: Pool): Promise<number> {
  const at = async (pool: Pool, column: 'begun_at' | 'accepted_at', direction: 'out' | 'in'): Promise<number> => {
    const { rows } = await pool.query<{ ms: number }>(
      `SELECT extract(epoch FROM ${column})::float8 * 1000 AS ms FROM outbox_moves WHERE direction = $1 AND $2 = ANY (domains)`,
      [direction, domain],
    );
    return rows[0]!.ms;
  };
  return (await at(to, 'accepted_at', 'in')) - (await at(database.pool, 'begun_at', 'out'));
}

/** By the time at which Temporal itself says that it started each run. */
async function startsOutOfOrder(events: readonly Committed[], group: (event: Committed) => string): Promise<string[]> {
  const startedAt = new Map<string, number>();
  const queues = queueNames.map((queue) => `"${taskQueue(system.prefix, queue)}"`).join(', ');
  for await (const { workflowId, startTime } of client.workflow.list({ query: `TaskQueue IN (${queues})` }))
    startedAt.set(workflowId, startTime.getTime());
  const faults: string[] = [];
  const before = new Map<string, { id: string; at: number }>();
  for (const event of [...events].sort((a, b) => a.sequence - b.sequence)) {
    const at = startedAt.get(event.id);
    if (at === undefined) continue;
    const last = before.get(group(event));
    if (last !== undefined && at < last.at) faults.push(`${group(event)}: ${event.id} was started before ${last.id}`);
    before.set(group(event), { id: event.id, at });
  }
  return startedAt.size > 0 ? faults : ['Temporal lists no run'];
}

it('loses nothing, does nothing twice and keeps the order while content and then social leave a single database, under traffic', async () => {
  const main = database.pool;
  let turn = 0;
  const service = new MovingService(main, () => turn++ % 3 === 0);
  const traffics = await Promise.all([1, 2, 3].map(() => createTraffic(service.database)));
  // Topics first, so that the reader finds them.
  let serving = { bridges: [await system.startBridge()], workers: await system.startWorkers() };
  await untilReady(serving.bridges[0]!, serving.workers);
  reader = await startKafkaReader(servers().kafkaBrokers, system.prefix, system.prefix);
  const since = performance.now();
  const writing = keepWriting(service, traffics);
  await writing.rounds(4);

  // 1. One database for everything: content goes to one of its own. The processes learn of it one by one.
  const content = await install('content');
  const late = serving.workers;
  const first = await bridge('main');
  await serving.bridges[0]!.stop();
  // This one cannot reach the old outbox for now.
  const other = await bridge('content', listed('bridge', domains, throughProxy()));
  proxy.set('reset');
  await waitFor(async () => (await content.query('SELECT FROM bridge_instances')).rowCount, { timeoutMs: 300_000 });
  const place = { from: { name: 'main', pool: main }, to: { name: 'content', pool: content } };
  expect(
    await ops('move', 'prepare', '--from', 'main', '--to', 'content', '--domains', 'content', '--yes'),
  ).toMatchObject({ code: 0 });
  service.mayMove('content', content);
  await writing.rounds(4);
  // With a backlog in the old outbox.
  await first.stop();
  await writing.rounds(4);
  expect(await count(main, 'published_at IS NULL')).toBeGreaterThan(0);
  const withdrawn = { post_id: newId(), user_id: newId() };
  const created = await commit(service.database, 'content.post.created', withdrawn);
  const move = (await preparedMove(place))!;
  expect(await writing.eagerlyDuring(switchMove(place, move, 300_000))).toEqual({ done: true });
  // What the old outbox has not started yet, its service takes back in the new one.
  await signalDeleted(
    { pool: content, workflows: client.workflow },
    { aggregateType: 'post', aggregateId: created.aggregateId, holdMs: 3_600_000 },
  );
  await waitFor(
    async () => (await main.query('SELECT FROM tombstones WHERE subject_id = $1', [created.aggregateId])).rowCount,
    { timeoutMs: 300_000, what: 'the signalled delete in State' },
  );
  const removed = await commit(service.database, 'content.post.deleted', withdrawn);
  await writing.rounds(4);
  // The new outbox has rows and a bridge, and nothing of it is started ahead of the old one's.
  expect(await count(content, 'true')).toBeGreaterThan(0);
  expect(await count(content, 'published_at IS NOT NULL')).toBe(0);
  proxy.set('pass');
  const again = await bridge('main');
  // Workers that do not know the new outbox yet are still there when its first events come.
  await waitFor(() => count(content, 'published_at IS NOT NULL').then((n) => n > 0), {
    timeoutMs: 300_000,
    what: 'a start from the new outbox',
  });
  serving = { bridges: [again, other], workers: await workers() };
  await late.stop();
  await writing.rounds(4);
  await waitFor(async () => (await ops('move', 'status')).said.includes('; ended '), {
    timeoutMs: 300_000,
    what: 'the end of the first move',
  });
  expect(await client.workflow.getHandle(created.id).result()).toMatchObject({ outcome: 'stopped' });

  // 2. A shared outbox is split: social goes, with everything at work.
  const social = await install('social');
  await bridge('content,social');
  const rest = await bridge('main');
  const newWorkers = await workers();
  for (const process of [...serving.bridges, serving.workers]) await process.stop();
  await waitFor(async () => (await social.query('SELECT FROM bridge_instances')).rowCount, { timeoutMs: 300_000 });
  expect(
    await ops('move', 'prepare', '--from', 'main', '--to', 'social', '--domains', 'social', '--yes'),
  ).toMatchObject({ code: 0 });
  service.mayMove('social', social);
  await writing.rounds(4);
  const switched = await ops('move', 'switch', '--from', 'main', '--to', 'social', '--yes', '--wait', '600');
  expect(switched).toMatchObject({ code: 0, said: expect.stringContaining('switched: ') as string });
  await writing.rounds(4);
  await waitFor(async () => (await ops('move', 'status')).said.split('; ended ').length === 3, {
    timeoutMs: 300_000,
    what: 'the end of both moves',
  });

  // 3. What has left is taken out of the old outbox's domains.
  const stay = domains.filter((domain) => domain !== 'content' && domain !== 'social');
  const last = await bridge('main', listed('bridge', stay));
  const lastWorkers = await workers(stay);
  for (const process of [rest, newWorkers]) await process.stop();
  await untilReady(last, lastWorkers);
  await writing.rounds(4);
  const hot = [...(await writing.stop()), created, removed];
  const seconds = (performance.now() - since) / 1_000;
  expect([...service.refused.keys()].sort()).toEqual(['OUTBOX_MOVED', 'OUTBOX_NOT_OPEN']);

  const stories = traffics.map(({ story }) => story);
  const counted = await expectNothingLostOrTwice(service, stories, hot);
  // All together: what is in Redis and in no story is a fault.
  const together: Story = {
    events: stories.flatMap(({ events }) => events),
    feeds: new Map(stories.flatMap(({ feeds }) => [...feeds])),
    posts: new Map(stories.flatMap(({ posts }) => [...posts])),
    notices: new Map(),
    links: new Set(),
  };
  await expectFeeds(servers().redisUrl, system.prefix, together);
  // Each domain was in its new home, and nothing of it came late to the old one.
  const types = (domain: Domain) =>
    `event_type IN (SELECT spelling FROM outbox_event_types WHERE domain = '${domain}')`;
  const moves: MovedDomain[] = [];
  for (const [domain, pool] of [
    ['content', content],
    ['social', social],
  ] as const) {
    const [left, inNew] = [await count(main, types(domain)), await count(pool, types(domain))];
    moves.push({ domain, left, inNew, closedMs: await closedMs(domain, pool) });
    expect(await count(pool, types(domain))).toBeGreaterThan(0);
    expect(await count(pool, `NOT ${types(domain)}`)).toBe(0);
  }
  const { refused, heldUp } = service;
  process.stderr.write(figuresText({ ...counted, seconds, refused, heldUp, moves }));
});
