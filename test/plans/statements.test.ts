import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestDatabase, createTestDatabase } from '../support/database';
import { type RecordedStatement, recordVariable } from '../support/record-statements';
import { allowed } from './allowed';
import { connected, fillBigTables } from './big-tables';
import { type WideScan, armAutoExplain, wideScans } from './explain';

/** The main scenarios: what they send is what is looked at. No list of statements is kept by hand. */
const scenarios = [
  'test/integration/activities/(feed|media|identity|notify|emit)',
  'test/integration/outbox-bridge/(bridge|housekeeping)\\.test',
  'test/integration/client/publish',
  'test/simulation/model-vs-postgres',
];
/** Rows one scan may read: some pages of followers or a batch of housekeeping, far below the size of a table. */
const limit = 12_000;

let database: TestDatabase;
let statements: RecordedStatement[];

beforeAll(async () => {
  database = await createTestDatabase();
  [statements] = await Promise.all([record(), fillBigTables(database.url, database.pool)]);
}, 900_000);

afterAll(() => database.drop());

/** Runs the scenarios in a Jest of its own that writes down what the product sends. Their verdict is their own affair. */
async function record(): Promise<RecordedStatement[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nova-statements-'));
  try {
    const given = process.env['NOVA_PLANS_SCENARIOS']?.split(' ') ?? scenarios;
    const root = join(__dirname, '../..');
    const child = spawn(
      process.execPath,
      [join(root, 'node_modules/jest/bin/jest.js'), '--maxWorkers=1', '--silent', ...given],
      { cwd: root, env: { ...process.env, [recordVariable]: folder }, stdio: 'ignore' },
    );
    await new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject));
    const lines = readdirSync(folder).flatMap((file) => readFileSync(join(folder, file), 'utf8').trim().split('\n'));
    const all = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as RecordedStatement);
    const byText = new Map(all.map((statement) => [statement.text, statement]));
    if (process.env['NOVA_PLANS_SHOW'] !== undefined) process.stderr.write(`${byText.size} statements\n`);
    return [...byText.values()].filter(({ text }) => /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|MERGE)\b/i.test(text));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.each(['with statistics', 'without statistics'])('every statement of the product, %s', (kind) => {
  const found: WideScan[] = [];
  const errors: string[] = [];

  beforeAll(async () => {
    const client = await connected(database.url);
    try {
      if (kind === 'with statistics') await client.query('ANALYZE');
      else await client.query('DELETE FROM pg_statistic');
      await armAutoExplain(client);
      await client.query(`SET statement_timeout = '60s'`);
      for (const statement of statements) {
        const result = await wideScans(client, statement, limit);
        found.push(...result.found);
        if (result.error !== undefined) errors.push(`${statement.from}: ${result.error}`);
      }
    } finally {
      await client.end();
    }
  }, 600_000);

  it('was collected from all rooms', () => {
    const rooms = new Set(statements.map(({ from }) => from.split('/')[0]));
    expect([...rooms].sort()).toEqual(expect.arrayContaining(['activities', 'outbox-bridge']));
    expect(statements.length).toBeGreaterThan(60);
  });

  it('reads no more rows when its tables grow', () => {
    const wide = found.filter(
      ({ statement }) => !allowed.some(({ pattern, only }) => pattern.test(statement) && (only ?? kind) === kind),
    );
    expect(wide).toEqual([]);
  });

  it('can be run here, but for some that need what they were recorded with', () => {
    if (process.env['NOVA_PLANS_SHOW'] !== undefined) process.stderr.write(`${errors.join('\n')}\n`);
    expect(errors.length).toBeLessThan(statements.length / 4);
  });
});
