import { type ChildProcess, spawn } from 'node:child_process';
import { type Pool } from 'pg';
import { planHousekeeping, runHousekeeping } from '../../../ops/housekeeping/housekeeping';
import { doneText, planText } from '../../../ops/housekeeping/housekeeping-print';
import { OutboxPools } from '../../../runtime/outbox-pools';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { fromSource } from '../../support/from-source';
import { backdateOutbox, dayName, insertOld, noon, partitionNames } from '../../support/partitions';
import { underWay } from '../../support/server-activity';
import { servers } from '../../support/servers';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await backdateOutbox(database.pool, [36, 35]);
});
afterAll(() => database.drop());

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; output: string }>;
}

const ofOne = (pool: Pool) => ({
  state: pool,
  outboxes: OutboxPools.one(pool),
  retentionDays: 30,
  openRuns: async () => [],
  isOpen: async () => false,
  keepDays: { readNotifications: 0, tombstones: 0, operatorActs: 0 },
});

/** The command as an operator runs it. */
function ops(...args: string[]): Run {
  const { redisUrl, temporalAddress, temporalNamespace } = servers();
  const child = spawn(process.execPath, [...fromSource, 'ops/cli.ts', ...args], {
    env: {
      ...process.env,
      DATABASE_URL: database.url,
      REDIS_URL: redisUrl,
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_NAMESPACE: temporalNamespace,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, output }))) };
}

const waitingDetach = async () =>
  (await underWay(database.pool, { query: '%DETACH%', waitsForLock: true })).length === 1;

it('the dry run says what would go and why the rest stays; status shows it; a killed run is finished by the next', async () => {
  const { pool } = database;
  const [going, staying] = [await dayName(pool, 36), await dayName(pool, 35)];
  await insertOld(pool, 36);
  for (let i = 0; i < 3; i++) await insertOld(pool, 35, { published_at: 'NULL', dead_lettered_at: noon(35) });

  expect(planText(await planHousekeeping(ofOne(pool)))).toBe(
    `would drop ${going}\nwould keep ${staying}: 3 dead letters`,
  );
  expect(await partitionNames(pool)).toContain(going);

  // Killed while its detach waits behind a reader: the statement outlives the process.
  const reader = await pool.connect();
  await reader.query('BEGIN; SELECT count(*) FROM outbox_events');
  const killed = ops('housekeeping');
  await waitFor(waitingDetach, { what: 'a waiting detach' });
  killed.child.kill('SIGKILL');
  await killed.ended;
  expect(await waitingDetach()).toBe(true);
  await reader.query('COMMIT');
  reader.release();
  await waitFor(async () => !(await partitionNames(pool)).includes(going), { what: 'the detach to end' });

  // Its turn is still its own; when its lease is over any process goes on.
  expect(doneText(await runHousekeeping(ofOne(pool)))).toMatch(/main: nova on .* is at it/);
  await pool.query(`UPDATE chores SET lease_until = '-infinity'`);
  const done = await runHousekeeping(ofOne(pool));
  expect(doneText(done)).toContain(`dropped ${going} with 1 rows\nkept ${staying}: 3 dead letters`);
  expect((await pool.query('SELECT to_regclass($1) AS oid', [going])).rows).toEqual([{ oid: null }]);

  const status = await ops('status').ended;
  expect(status.output).toMatch(new RegExp(`${staying} .* 3 +kept: 3 dead letters`));
  expect(status.output).toMatch(/14 days ahead/);
});
