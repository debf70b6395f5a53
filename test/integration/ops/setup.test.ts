import { type Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { searchAttributes } from '../../../contracts/search-attributes';
import { urlsOf } from '../../../dev/logins';
import { type SetupStep } from '../../../ops/setup/setup';
import { type UsefulList } from '../../../ops/setup/useful-lists';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { newId } from '../../support/events';
import { runOps } from '../../support/ops-command';
import { createTestClient, testQueuePrefix } from '../../support/temporal';
import { servers } from '../../support/servers';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  [database, client] = await Promise.all([createTestDatabase(), createTestClient()]);
});
afterAll(async () => {
  await Promise.all([database.drop(), client.connection.close()]);
});

const prefix = testQueuePrefix();
const setup = (environment: Record<string, string>, ...args: string[]) =>
  runOps(
    {
      ...{ DATABASE_URL: urlsOf(database.url).operator, TASK_QUEUE_PREFIX: prefix, OPS_ACTOR: 'ada' },
      ...{ TEMPORAL_UI_URL: 'https://ui.example/' },
      ...environment,
    },
    ...['setup', ...args],
  );
interface Said {
  readonly plan: SetupStep[];
  readonly made: string[];
  readonly lists: UsefulList[];
}
const parsed = ({ stdout }: { stdout: string }) => JSON.parse(stdout) as Said;
const names = Object.keys(searchAttributes);

describe('nova setup', () => {
  it('makes a namespace with what starts need, once: the second time there is nothing to do', async () => {
    const namespace = `setup-${testQueuePrefix()}`;
    const environment = { TEMPORAL_NAMESPACE: namespace };
    const whole = [`namespace ${namespace}`, ...names.map((name) => `search attribute ${name}`)];
    const asked = await setup(environment);
    expect(asked).toMatchObject({ code: 1, stdout: expect.stringContaining('repeat with --yes') as string });
    expect(asked.stdout).toMatch(
      /^WHAT TEMPORAL NEEDS +FOUND +TO DO\nnamespace \S+ +is not there +make it; .* 30 days\n/,
    );
    await expect(client.workflowService.describeNamespace({ namespace })).rejects.toThrow('not found');

    const first = await setup(environment, '--yes', '--json', '--retention', '8', '--reason', 'a new deployment');
    expect({ code: first.code, stderr: first.stderr, made: parsed(first).made }).toEqual({
      ...{ code: 0, stderr: '' },
      made: whole,
    });
    const described = await client.workflowService.describeNamespace({ namespace });
    expect(Number(described.config?.workflowExecutionRetentionTtl?.seconds)).toBe(8 * 86_400);
    const { rows } = await database.pool.query(
      'SELECT actor, command, reason, done, ids FROM operator_acts ORDER BY at',
    );
    const act = { actor: 'ada', command: 'setup', reason: 'a new deployment', ids: whole };
    expect(rows).toEqual([
      { ...act, done: null },
      { ...act, done: whole.length },
    ]);

    const second = await setup(environment, '--yes', '--json');
    expect(second.code).toBe(0);
    expect(parsed(second)).toMatchObject({ made: [], plan: whole.map((what) => ({ what, does: null })) });
  });

  it('works before there is a database, and says that it wrote no act', async () => {
    const environment = {
      TEMPORAL_NAMESPACE: `setup-${testQueuePrefix()}`,
      DATABASE_URL: 'postgres://127.0.0.1:9/nova',
    };
    const { code, stdout, stderr } = await setup(environment, '--yes');
    expect(stdout).toContain(`made ${names.length + 1}: namespace `);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('no act is written down') as string });
  });

  it('gives links to lists that Temporal takes', async () => {
    const id = newId();
    const { lists } = parsed(await setup({}, '--json', '--of', id));
    const { temporalNamespace: namespace } = servers();
    for (const { of, query, url } of lists) {
      // Of this deployment alone: several may share a namespace.
      expect(query).toContain(`"${prefix}-feed"`);
      expect(url).toBe(`https://ui.example/namespaces/${namespace}/workflows?query=${encodeURIComponent(query)}`);
      const counted = await client.workflow.count(query).then(
        ({ count }) => count,
        (thrown: unknown) => `${of}: ${String(thrown)}`,
      );
      expect(counted).toBe(0);
    }
    const longAgo = lists.flatMap(({ query }) => /StartTime < "([^"]+)"/.exec(query)?.[1] ?? []).map(Date.parse);
    expect(longAgo).toHaveLength(1);
    expect(Date.now() - longAgo[0]!).toBeGreaterThanOrEqual(15 * 60_000);
    const all = lists.map(({ of }) => of);
    expect(all).toEqual(
      expect.arrayContaining(['ended badly', 'content.post.created', `about ${id}`, `caused by ${id}`]),
    );
  });

  it('shows the queries where no Web UI is known', async () => {
    const { stdout } = await setup({ TEMPORAL_UI_URL: '' });
    expect(stdout).toContain('Lists for `temporal workflow list --query`');
    expect(stdout).toContain('EventType = "content.post.created" AND TaskQueue IN (');
  });

  it('says what is allowed where it makes nothing', async () => {
    for (const days of ['0', '3651', 'ten'])
      expect(await setup({}, '--retention', days, '--yes')).toMatchObject({
        ...{ code: 2, stderr: expect.stringContaining('days from 1 to 3650') as string },
      });
    expect(await setup({}, '--of', 'nonsense')).toMatchObject({ code: 2 });
  });

  it('sees an attribute that is there with another type, and says what it could not make', async () => {
    const namespace = `setup-${testQueuePrefix()}`;
    await setup({ TEMPORAL_NAMESPACE: namespace }, '--yes');
    const of = { namespace };
    await client.connection.operatorService.removeSearchAttributes({ ...of, searchAttributes: ['Outcome'] });
    const registered = async () =>
      (await client.connection.operatorService.listSearchAttributes(of)).customAttributes ?? {};
    await waitFor(async () => !('Outcome' in (await registered())), { what: 'the attribute removed' });
    await client.connection.operatorService.addSearchAttributes({
      ...of,
      searchAttributes: { Outcome: temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_INT },
    });
    await waitFor(async () => 'Outcome' in (await registered()), { what: 'the attribute as a number' });
    const { plan } = parsed(await setup({ TEMPORAL_NAMESPACE: namespace }, '--json'));
    expect(plan.filter(({ does }) => does !== null)).toEqual([
      { what: 'search attribute Outcome', found: 'is not registered as Keyword', does: 'register it' },
    ]);
  });
});
