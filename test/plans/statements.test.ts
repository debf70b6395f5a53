import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endsWithUs } from '../../proof/run/at-our-end';
import { type RecordedStatement, recordVariable, recorded } from '../support/recorded-statements';
import { allowed } from './allowed';
import {
  type BigDatabases,
  type Kind,
  dropBigDatabases,
  forgetStatistics,
  kinds,
  makeBigDatabases,
} from './big-databases';
import { connected } from './big-tables';
import { type WideScan, armAutoExplain, wideScans } from './explain';
import { bigDatabasesOfRun } from './in-the-background';

/**
 * What is looked at is what the tests send; no list of statements is kept by hand. In a run of this file alone, these are run
 * first: most of the statements, in a few minutes.
 */
const scenarios = [
  'test/integration/activities/(feed|media|identity|notify|emit)',
  'test/integration/activities/audit/(planted|audits)',
  'test/integration/outbox-bridge/(bridge|event-ids)\\.test',
  'test/integration/outbox/housekeeping\\.test',
  'test/integration/client',
  'test/integration/operators/replay',
  'test/integration/ops',
  'test/simulation/model-vs-postgres',
];
/** Migrations run once, and read what there is. */
const isOfMigrations = ({ from }: RecordedStatement): boolean => from.startsWith('migrations/');
/** Rows one scan may read: some pages of followers or a batch of housekeeping, far below the size of a table. */
const limit = 12_000;

/** What came of running all statements in one of the databases. */
interface Look {
  readonly found: WideScan[];
  readonly errors: string[];
}

let statements: RecordedStatement[];
const looks = new Map<Kind, Look>();
let made: BigDatabases | undefined;

beforeAll(async () => {
  const [sent, databases] = await Promise.all([collect(), bigDatabasesOfRun().then((ready) => ready ?? make())]);
  statements = sent;
  await Promise.all(kinds.map(async (kind) => looks.set(kind, await look(kind, databases[kind]))));
}, 3_600_000);

afterAll(() => made && dropBigDatabases(made));

const make = async (): Promise<BigDatabases> => (made = await makeBigDatabases());

async function look(kind: Kind, url: string): Promise<Look> {
  const [found, errors]: [WideScan[], string[]] = [[], []];
  const client = await connected(url);
  try {
    if (kind === 'without statistics') await forgetStatistics(client);
    await armAutoExplain(client);
    await client.query(`SET statement_timeout = '10min'`);
    for (const statement of statements) {
      const result = await wideScans(client, statement, limit);
      found.push(...result.found);
      if (result.error !== undefined) errors.push(`${statement.from}: ${result.error}`);
    }
  } finally {
    await client.end();
  }
  return { found, errors };
}

/** What the tests of this run have sent; in a run of this file alone, what a run of the scenarios sends. */
async function collect(): Promise<RecordedStatement[]> {
  const sentInThisRun = process.env[recordVariable];
  const folder = sentInThisRun ?? mkdtempSync(join(tmpdir(), 'nova-statements-'));
  try {
    if (sentInThisRun === undefined) await runScenarios(folder);
    return recorded(folder).filter((statement) => !isOfMigrations(statement));
  } finally {
    if (sentInThisRun === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** A Jest of its own, whose verdict is its own affair. */
async function runScenarios(folder: string): Promise<void> {
  const root = join(__dirname, '../..');
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules/jest/bin/jest.js'), '--maxWorkers=1', '--silent', ...scenarios],
    { cwd: root, env: { ...process.env, [recordVariable]: folder }, stdio: 'ignore' },
  );
  await new Promise((resolve, reject) => endsWithUs(child).once('exit', resolve).once('error', reject));
}

describe.each(kinds)('every statement of the product, %s', (kind) => {
  it('was collected from all rooms', () => {
    const rooms = new Set(statements.map(({ from }) => from.split('/')[0]));
    expect([...rooms].sort()).toEqual(
      expect.arrayContaining(['activities', 'client', 'ops', 'outbox', 'outbox-bridge']),
    );
    expect(statements.length).toBeGreaterThan(150);
  });

  it('reads no more rows when its tables grow', () => {
    const wide = looks
      .get(kind)!
      .found.filter(
        ({ statement }) => !allowed.some(({ pattern, only }) => pattern.test(statement) && (only ?? kind) === kind),
      );
    expect(wide.map((scan) => ({ ...scan, statement: scan.statement.slice(0, 400) }))).toEqual([]);
  });

  it('can be run here, but for some that need what they were recorded with', () => {
    const { errors } = looks.get(kind)!;
    if (process.env['NOVA_PLANS_SHOW'] !== undefined) process.stderr.write(`${errors.join('\n')}\n`);
    expect(errors.length).toBeLessThan(statements.length / 4);
  });
});
