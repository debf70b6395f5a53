import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { endsWithUs } from '../../proof/run/at-our-end';
import { type FaultMode, type FaultOrder, faultModes, orderVariable } from '../support/faulty-orders';
import { type FaultSystem, openSystem } from './fault-system';
import { commit, row } from './rows';
import { Results } from './results';
import { postAppears } from './stories/posts';
import { faultsOf, settled } from './verdict';

let system: FaultSystem;
const results = new Results('signal-deleted');
const point = 'client.tombstone-set';

beforeAll(async () => {
  // In one database: there a signal holds from its commit on. Between two, a bridge brings it (signals.test.ts).
  system = await openSystem({ bridges: 1, workers: 1 }, false);
}, 900_000);

afterAll(async () => {
  process.stderr.write(results.report());
  await system.close();
}, 600_000);

/** Runs the service's call once; returns how it ended. */
function signal(postId: string, order?: FaultOrder): Promise<string> {
  const child = spawn(process.execPath, [join(system.folder, 'test/support/faulty-signaller.js')], {
    cwd: system.folder,
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      ...system.environment,
      DATABASE_URL: system.databases.urlOf('content'),
      POST_ID: postId,
      ...(order === undefined ? {} : { [orderVariable]: JSON.stringify(order) }),
    },
  });
  endsWithUs(child);
  return new Promise((resolve) => child.once('exit', (code, killed) => resolve(killed ?? `code ${code}`)));
}

const ends: Record<FaultMode, string> = { SIGKILL: 'SIGKILL', SIGTERM: 'SIGTERM', exception: 'code 1', hang: 'code 0' };

it.each(faultModes)(
  `${point}, %s: the post that is written after it appears nowhere until its delete comes, and the call can be repeated`,
  async (mode) => {
    const scene = await postAppears(system);
    const [created] = scene.during;
    const postId = created?.aggregateId ?? '';
    const order: FaultOrder = { point, mode, hitFile: join(system.folder, randomUUID()), hangMs: 3_000 };
    await commit(system, scene.before ?? []);
    const since = performance.now();
    expect(await signal(postId, order)).toBe(ends[mode]);
    expect(existsSync(order.hitFile)).toBe(true);
    await commit(system, scene.during);
    expect(await signal(postId)).toBe('code 0');
    const { user_id } = created?.payload as { user_id: string };
    const rows = [...scene.during, row('content.post.deleted', { post_id: postId, user_id })];
    await commit(system, rows.slice(-1));
    await settled(system, rows, 300_000);
    const ms = Math.round(performance.now() - since);
    const expected = {
      feeds: Object.fromEntries(Object.keys(scene.expected.feeds ?? {}).map((id) => [id, []])),
      notified: [],
      mails: [],
      media: { [postId]: [] },
      captions: { [postId]: null },
    };
    const faults = await faultsOf(system, { committed: rows, rolledBack: [], expected });
    results.add({ point, story: 'postAppears', mode, faults, ms });
    expect(faults).toEqual([]);
  },
  900_000,
);
