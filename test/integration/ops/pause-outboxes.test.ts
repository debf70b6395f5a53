import { typesOnQueue } from '../../../outbox-bridge/pauses';
import { type CommandResult, runOps } from '../../support/ops-command';
import { type TestOutboxes, createTestOutboxes } from '../../support/outboxes';
import { testQueuePrefix } from '../../support/temporal';

let outboxes: TestOutboxes;
beforeAll(async () => {
  outboxes = await createTestOutboxes('content', 'identity');
});
afterAll(() => outboxes.drop());
afterEach(async () => {
  for (const { pool } of Object.values(outboxes.of))
    await pool.query('DELETE FROM outbox_pauses; DELETE FROM operator_acts');
});

const prefix = testQueuePrefix();
const nova = (...args: string[]): Promise<CommandResult> =>
  runOps({ ...outboxes.environment, TASK_QUEUE_PREFIX: prefix, OPS_ACTOR: 'ada' }, ...args);
const without = (gone: string, ...args: string[]): Promise<CommandResult> =>
  runOps({ ...outboxes.environmentWithout(gone), TASK_QUEUE_PREFIX: prefix, OPS_ACTOR: 'ada' }, ...args);
const why = ['--reason', 'a bad release', '--yes'];
/** What each outbox holds back. */
const held = async () => {
  const all: Record<string, string[]> = {};
  for (const [name, { pool }] of Object.entries(outboxes.of))
    all[name] = (await pool.query<{ name: string }>('SELECT * FROM outbox_pauses ORDER BY 1')).rows.map((row) =>
      String(Object.values(row)[0]),
    );
  return all;
};
const actsIn = async (outbox: string) =>
  (
    await outboxes.of[outbox]!.pool.query<{ command: string }>('SELECT command FROM operator_acts ORDER BY id')
  ).rows.map(({ command }) => command);

describe('nova pause and resume, of several outboxes', () => {
  it('hold back in each of them, with an act in each, or in the one that is named', async () => {
    const paused = await nova('pause', 'message.edited', ...why);
    expect(paused).toMatchObject({ code: 0, stdout: expect.stringContaining('(content, identity), for 1h') as string });
    expect(await held()).toEqual({ content: ['message.edited'], identity: ['message.edited'] });
    expect(await Promise.all(['content', 'identity'].map(actsIn))).toEqual([['pause'], ['pause']]);
    const listed = await nova('pauses');
    expect(listed.stdout).toMatch(/message\.edited +content +ada/);
    expect(listed.stdout).toMatch(/message\.edited +identity +ada/);

    const one = await nova('resume', 'message.edited', '--outbox', 'identity');
    expect(one).toMatchObject({ code: 0, stdout: 'message.edited goes on (identity)\n' });
    expect(await held()).toEqual({ content: ['message.edited'], identity: [] });
    const rest = await nova('resume', 'message.edited');
    // Said of those alone where something was held back.
    expect(rest).toMatchObject({ code: 0, stdout: 'message.edited goes on (content)\n' });
    expect(await held()).toEqual({ content: [], identity: [] });
    expect(await actsIn('identity')).toEqual(['pause', 'resume']);
  });

  it('say where every type is paused all the same', async () => {
    await nova('pause', 'message.edited', ...why);
    await nova('pause', 'all', '--outbox', 'content', ...why);
    const resumed = await nova('resume', 'message.edited');
    expect(resumed).toMatchObject({
      code: 0,
      stdout:
        'message.edited goes on (content, identity)\nevery event type is paused in content: npx nova resume all\n',
    });
    expect(JSON.parse((await nova('resume', 'message.edited', '--json')).stdout)).toEqual({
      ...{ what: 'message.edited', places: [], stillPausedByAll: true },
    });
    // Where it is resumed nothing else is held back.
    expect((await nova('resume', 'message.edited', '--outbox', 'identity')).stdout).not.toContain('every event type');
    expect((await nova('resume', 'all')).stdout).toBe('every event type goes on (content)\n');
  });

  it('do the others when one is away, name it, and end with 2: it holds nothing back', async () => {
    const paused = await without('identity', 'pause', 'queue:feed', ...why);
    expect(paused).toMatchObject({ code: 2, stderr: expect.stringContaining('identity') as string });
    expect(await held()).toEqual({ content: [...typesOnQueue('feed')].sort(), identity: [] });
    const resumed = await without('identity', 'resume', 'queue:feed');
    expect(resumed).toMatchObject({ code: 2, stderr: expect.stringContaining('identity') as string });
    expect(resumed.stdout).toContain('goes on (content)');
    expect((await held())['content']).toEqual([]);
  });
});
