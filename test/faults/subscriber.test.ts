import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FaultPoint } from '../../runtime/fault-points';
import { environmentOf } from '../../dev/stack/addresses';
import { type TestDatabase, createTestDatabase } from '../support/database';
import { newId } from '../support/events';
import { type FaultMode, type FaultOrder, faultModes, orderVariable } from '../support/faulty-orders';
import { type TestTopics, createTestTopics, withAdmin } from '../support/kafka';
import { servers } from '../support/servers';
import { waitFor } from '../support/wait-for';
import { compileSources } from './compile';
import { Crew } from './crew';
import { Results } from './results';

const points = ['subscriber.handled', 'subscriber.remembered'] as const satisfies readonly FaultPoint[];
/** Longer than the session of the consumer group: a consumer without heartbeats beside its handler would lose its partition. */
const hangMs = 34_000;
const [keys, perKey] = [6, 5];

interface Group {
  readonly point: (typeof points)[number];
  readonly mode: FaultMode;
  readonly name: string;
  readonly order: FaultOrder;
  readonly crew: Crew;
}

let database: TestDatabase;
let topics: TestTopics;
let folder: string;
let groups: Group[] = [];
let sentAt = 0;
const ids = Array.from({ length: keys * perKey }, newId);
const results = new Results('subscriber');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nova-faults-'));
  [database, topics] = await Promise.all([createTestDatabase(), createTestTopics(['content']), compileSources(folder)]);
  await database.pool.query(`CREATE TABLE handled (name text, event_id uuid, key text, sequence bigint,
    times integer NOT NULL DEFAULT 1, place bigserial, PRIMARY KEY (name, event_id))`);
  groups = points.flatMap((point) => faultModes.map((mode) => groupOf(point, mode)));
  for (const { crew } of groups) crew.start();
  await withAdmin(topics.kafka, (admin) =>
    waitFor(
      async () => {
        const described = await admin.describeGroups(groups.map(({ name }) => name));
        return described.groups.every(({ state, members }) => state === 'Stable' && members.length === 2);
      },
      { timeoutMs: 600_000, everyMs: 500, what: 'all groups of two' },
    ),
  );
  const producer = topics.kafka.producer();
  await producer.connect();
  const messages = ids.map((id, i) => ({
    key: `key-${i % keys}`,
    value: '{}',
    headers: { event_id: id, event_type: 'content.post.created', schema_version: '1', sequence: String(i) },
  }));
  await producer.send({ topic: topics.topics.content, messages });
  sentAt = performance.now();
  await producer.disconnect();
}, 900_000);

afterAll(async () => {
  process.stderr.write(results.report());
  await Promise.all(groups.map(({ crew }) => crew.stop()));
  await Promise.all([topics.drop(), database.drop()]);
  rmSync(folder, { recursive: true, force: true });
}, 600_000);

function groupOf(point: Group['point'], mode: FaultMode): Group {
  const name = `faults-${randomUUID().slice(0, 8)}`;
  const order: FaultOrder = { point, mode, hitFile: join(folder, name), hangMs };
  const environment = {
    ...environmentOf(servers()),
    DATABASE_URL: database.url,
    REDIS_KEY_PREFIX: `${name}:`,
    TOPIC: topics.topics.content,
    NAME: name,
    [orderVariable]: JSON.stringify(order),
  };
  return {
    ...{ point, mode, name, order },
    crew: new Crew({ folder, entry: 'test/support/faulty-subscriber.js', size: 2, environment }),
  };
}

it.each(points.flatMap((point) => faultModes.map((mode) => ({ point, mode }))))(
  '$point, $mode: every event is handled, in order, and none twice but what was struck',
  async ({ point, mode }) => {
    const { name, crew, order } = groups.find((group) => group.point === point && group.mode === mode) as Group;
    await crew.struck(order);
    const rows = async () =>
      (
        await database.pool.query<{ event_id: string; key: string; sequence: string; times: number }>(
          'SELECT event_id, key, sequence, times FROM handled WHERE name = $1 ORDER BY place',
          [name],
        )
      ).rows;
    await waitFor(async () => (await rows()).length === ids.length, { timeoutMs: 300_000, everyMs: 200 });
    const ms = Math.round(performance.now() - sentAt);
    if (mode === 'hang') await waitFor(() => performance.now() - sentAt > hangMs + 1_000);
    const handled = await rows();
    const last = new Map<string, number>();
    const faults = handled.flatMap(({ key, sequence }) => {
      const before = last.get(key) ?? -1;
      last.set(key, Number(sequence));
      return before > Number(sequence) ? [`${key}: ${sequence} after ${before}`] : [];
    });
    const twice = handled.filter(({ times }) => times > 1);
    // Four partitions are handled side by side: a kill catches each in the middle of an event.
    const allowed = mode === 'SIGKILL' ? 4 : point === 'subscriber.handled' && mode !== 'hang' ? 1 : 0;
    if (twice.length > allowed) faults.push(`${twice.length} events were handled twice: ${JSON.stringify(twice)}`);
    faults.push(...crew.deserters());
    results.add({ point, story: 'eventsArrive', mode, faults, ms });
    expect(faults).toEqual([]);
  },
  900_000,
);
