import { Context } from '@temporalio/activity';
import { DefaultLogger, type LogEntry, defaultSinks } from '@temporalio/worker';
import { eventStory } from '../../../ops/show/event-story';
import { OutboxPools } from '../../../runtime/outbox-pools';
import { storyLines } from '../../../ops/show/story-lines';
import { signalDeleted } from '../../../client/signal-deleted';
import { signals } from '../../../contracts/signals';
import { type WorkflowType } from '../../../contracts/workflow-types';
import { createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { startFeedWorkers } from '../../support/feed-workers';
import { override } from '../../support/override';
import { startStandInWorkers } from '../../support/stand-in-workers';
import { waitFor } from '../../support/wait-for';

type Lab = Awaited<ReturnType<typeof startStandInWorkers>>;
type Run = Awaited<ReturnType<Lab['start']>>;

let lab: Lab;
const logged: LogEntry[] = [];

beforeAll(async () => {
  const logger = new DefaultLogger('WARN', (entry) => void logged.push(entry));
  // What hangs has no heartbeat: the limits of the product would give it to another attempt, which counts as a look.
  lab = await startStandInWorkers({ worker: { sinks: defaultSinks(logger) }, patient: true });
});
afterAll(() => lab.stop());
afterEach(() => lab.moods.clear());

interface Sent {
  readonly metadata?: Record<string, Uint8Array>;
  readonly data?: Uint8Array;
}
const payload = (encoding: string | undefined, data: string | Uint8Array = ''): Sent => ({
  ...(encoding !== undefined && { metadata: { encoding: Buffer.from(encoding) } }),
  data: Buffer.from(data),
});
const json = payload('json/plain', '{"aggregateType":"post"}');

/** As any program may send it, without an SDK that would refuse it. */
const signal = (run: Run, signalName: string, payloads: Sent[]) =>
  lab.client.workflowService.signalWorkflowExecution({
    namespace: lab.client.options.namespace,
    workflowExecution: { workflowId: run.workflowId },
    signalName,
    requestId: newId(),
    input: { payloads },
  });

/** Where each type with a handler waits, so that signals reach it there. */
const waitingAt = {
  notificationWorkflow: 'notifyDeliver',
  feedFanoutWorkflow: 'feedFanoutPages',
  mediaLinkWorkflow: 'emitEvent',
  emitWorkflow: 'emitEvent',
} satisfies Partial<Record<WorkflowType, string>>;
const types = Object.keys(waitingAt) as (keyof typeof waitingAt)[];

async function waiting(type: keyof typeof waitingAt) {
  lab.moods.set(waitingAt[type], 'away');
  const run = await lab.start(type);
  await waitFor(async () => ((await run.describe()).raw.pendingActivities ?? []).length > 0);
  return run;
}
const callsOf = (name: string, run: Run) => lab.calls.filter((call) => call === `${name} ${run.workflowId}`).length;
/** Ends what the run waits for; an upload waits for a signal as well. */
async function finish(run: Run, type: string) {
  lab.moods.clear();
  if (type === 'mediaLinkWorkflow') await run.signal(signals.mediaClaimed, { postId: 'p', mediaId: 'm' });
  return run.result();
}

const unreadable: Record<string, Sent[]> = {
  'text that is no JSON': [payload('json/plain', 'ann@example.com says hello')],
  'half a JSON': [json, payload('json/plain', '{"a":')],
  'no data': [payload('json/plain')],
  'bytes that are no UTF-8': [payload('json/plain', Uint8Array.of(0xff, 0xfe, 0xc0))],
  'no encoding': [payload(undefined, 'x')],
  'an unknown encoding': [payload('binary/encrypted', 'x')],
  'an encoding of another SDK': [payload('json/protobuf', '{}')],
  'an encoding that is no text': [{ metadata: { encoding: Uint8Array.of(0xff, 0x00) }, data: Buffer.from('x') }],
  'a thousand arguments, the last of them unreadable': [
    ...Array.from({ length: 1_000 }, () => json),
    payload('json/plain', '{'),
  ],
  'as much as the server takes': [payload('json/plain', 'x'.repeat(1_900_000))],
};
const readable: Record<string, Sent[]> = {
  'no argument': [],
  'something else': [payload('json/plain', '42'), payload('binary/null'), payload('binary/plain', 'x')],
  'keys of every object': [payload('json/plain', '{"__proto__":{"then":1},"toString":null}')],
  'a hundred thousand brackets': [payload('json/plain', '['.repeat(1e5) + ']'.repeat(1e5))],
};
const names = [...Object.values(signals), 'unheard of', '__stack_trace', '__temporal_x', 'toString', ' '];

describe.each(types)('%s', (type) => {
  it('is neither jammed, failed nor derailed by any signal, update or query', async () => {
    const run = await waiting(type);
    for (const name of names)
      for (const [what, payloads] of Object.entries({ ...unreadable, ...readable }))
        // Once, or the history is larger than our client may fetch at once.
        if (what !== 'as much as the server takes' || name === signals.deleted) await signal(run, name, payloads);
    const failures = async () =>
      ((await run.fetchHistory()).events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
        failed == null ? [] : [failed.failure?.message],
      );
    expect(await failures()).toEqual([]);
    const execution = { workflowId: run.workflowId };
    const { namespace } = lab.client.options;
    const input = { payloads: unreadable['half a JSON']! };
    const query = { queryType: '__stack_trace', queryArgs: input };
    // A query that finds a workflow task under way goes with it, and makes the SDK fail and repeat that task.
    await waitFor(async () => (await run.describe()).raw.pendingWorkflowTask == null, { what: 'an idle run' });
    await expect(
      lab.client.withDeadline(Date.now() + 5_000, () =>
        lab.client.workflowService.queryWorkflow({ namespace, execution, query }),
      ),
    ).rejects.toThrow();
    expect(await failures()).toEqual([]);
    const meta = { updateId: newId() };
    // The server waits for a worker for some time only, and then returns without an outcome.
    const refusal = await waitFor(async () => {
      const update = await lab.client.workflowService.updateWorkflowExecution({
        ...{ namespace, workflowExecution: execution, waitPolicy: { lifecycleStage: 3 } },
        request: { meta, input: { name: signals.deleted, args: input } },
      });
      return update.outcome?.failure?.message;
    });
    expect(refusal).toMatch(/No registered handler/);
    expect(await finish(run, type)).toMatchObject({ outcome: 'done' });
    expect(await failures()).toEqual([]);
  });
});

it('that cannot be read starts no look, and leaves a trace without its content', async () => {
  const database = await createTestDatabase();
  try {
    const ref = await insertEvent(database.pool, 'follow.added', { follower_id: newId(), followee_id: newId() });
    lab.moods.set('notifyDeliver', 'hangs');
    const run = await lab.start('notificationWorkflow', ref);
    await waitFor(() => callsOf('notifyDeliver', run) === 1);
    for (const payloads of Object.values(unreadable)) await signal(run, signals.deleted, payloads);
    const reason = 'deleted: cannot be read (argument 1 of 1: encoding "json/plain", 26 bytes)';
    await waitFor(async () => (await run.describe()).memo?.['ignoredSignals'] !== undefined);
    expect((await run.describe()).memo).toMatchObject({ eventId: run.workflowId, ignoredSignals: [reason] });
    const { pool } = database;
    const servers = { pool, outboxes: OutboxPools.one(pool), workflows: lab.client.workflow };
    const { story } = await eventStory(servers, run.workflowId);
    expect(storyLines(story!, null)).toContain(`  ignored signals: ${reason}`);
    const about = () => logged.filter(({ meta }) => meta?.['event_id'] === run.workflowId);
    const lines = await waitFor(() => (about().length > 0 ? about() : undefined));
    expect(lines.map(({ meta }) => meta?.['reason'] as unknown)).toEqual([reason]);
    expect(callsOf('notifyDeliver', run)).toBe(1);
    // A readable one does make it look.
    await signal(run, signals.deleted, [json]);
    await waitFor(() => callsOf('notifyDeliver', run) === 2);
    lab.moods.clear();
    await signal(run, signals.deleted, [json]);
    expect(await run.result()).toMatchObject({ outcome: 'done' });
  } finally {
    await database.drop();
  }
});

describe('a flood of signals', () => {
  const flood = async (run: Run, name: string, count: number) => {
    for (let sent = 0; sent < count; sent += 50)
      await Promise.all(Array.from<unknown, Promise<unknown>>({ length: 50 }, () => signal(run, name, [json])));
  };
  const deliverLooks = async (run: Run) =>
    ((await run.fetchHistory()).events ?? []).filter((event) => event.activityTaskScheduledEventAttributes != null);

  it('makes a run look twenty times, not more, and it still ends well', async () => {
    const run = await waiting('notificationWorkflow');
    // One after another, so that each finds something to end.
    for (let i = 0; i < 30; i++) {
      await signal(run, signals.deleted, [json]);
      await waitFor(async () => ((await run.describe()).raw.pendingActivities ?? []).length === 1);
    }
    await flood(run, signals.deleted, 1_500);
    await waitFor(async () => (await run.describe()).memo?.['ignoredSignals'] !== undefined);
    expect((await run.describe()).memo?.['ignoredSignals']).toEqual([
      'deleted: too many (this run has looked 20 times)',
    ]);
    expect(await finish(run, 'notificationWorkflow')).toMatchObject({ outcome: 'done' });
    const looks = await deliverLooks(run);
    // On a busy machine one workflow task takes many signals, and they look together.
    expect(looks.length).toBeGreaterThan(1);
    expect(looks.length).toBeLessThanOrEqual(21);
  });

  it('does not keep a delete from winning that comes after it', async () => {
    const all = await startFeedWorkers();
    try {
      const [author, followers] = [newId(), Array.from({ length: 8 }, () => newId()).sort()];
      await all.feed.follow(author, ...followers);
      const post = await all.feed.post(author);
      const working = all.deps;
      let released = false;
      all.deps = {
        ...working,
        followers: override(working.followers, {
          page: async (followee, after, limit) => {
            const { cancellationSignal, info } = Context.current();
            // The retraction is not held up, or it would wait for itself.
            if (after === followers[4] && info.activityType === 'feedFanoutPages')
              await waitFor(() => released || cancellationSignal.aborted, { timeoutMs: 240_000 });
            return working.followers.page(followee, after, limit);
          },
        }),
      };
      const run = await all.start('feedFanoutWorkflow', post);
      await flood(run as Run, signals.deleted, 1_600);
      await waitFor(async () => (await run.describe()).memo?.['ignoredSignals'] !== undefined);
      await expect(signal(run as Run, signals.deleted, [json])).rejects.toThrow(/limit for signal events/);
      // That a run takes no more signals is no error for a service, nor for the delete's own workflow.
      const { pool } = all.feed.database;
      await pool.query('UPDATE outbox_events SET published_at = now() WHERE id = $1', [post.eventId]);
      const deleted = { aggregateType: 'post', aggregateId: post.aggregateId } as const;
      expect(await signalDeleted({ pool, workflows: all.client.workflow }, deleted)).toEqual([]);
      await all.run('retractionWorkflow', await all.feed.remove(post, author));
      released = true;
      expect(await run.result()).toMatchObject({ outcome: 'stopped' });
      for (const follower of followers) expect(await all.feed.feedOf(follower)).toEqual([]);
    } finally {
      await all.close();
    }
  });
});
