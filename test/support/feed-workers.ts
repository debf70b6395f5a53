import { type Client, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { TemporalRunSignaller } from '../../activities/signals/temporal-run-signaller';
import { createFeedActivities } from '../../activities/feed/create-feed-activities';
import { type FeedDeps } from '../../activities/feed/deps';
import { stepPatienceMs } from '../../activities/feed/progress';
import { type EventRef } from '../../contracts/event-ref';
import { type WorkflowResult } from '../../contracts/signals';
import { type QueueName, type WorkflowType, taskQueue, workflowTypes } from '../../contracts/workflow-types';
import { type FeedHarness, createFeedHarness, withSettings } from './feed-harness';
import { productLimits } from './patient-limits';
import { createTestClient, patientRun, startTestWorkers, testQueuePrefix } from './temporal';

/** Calls of the other teams' activities, which stand in here with the least that the feed's workflows need of them. */
export interface Calls {
  readonly emitted: string[];
  readonly claimed: string[];
  readonly notified: string[];
  readonly retracted: string[];
}

export interface FeedWorkers {
  readonly feed: FeedHarness;
  readonly client: Client;
  readonly calls: Calls;
  /** Ports the running activities use; a test may put its own in. */
  deps: FeedDeps;
  /** A page that takes longer than `patienceMs` hangs. */
  readonly patience: { patienceMs: number };
  /** Awaited by every emit; a test may make it fail. */
  kafka: () => Promise<void>;
  /** `product`: with the time limits of the product, instead of none. */
  start(type: WorkflowType, event: EventRef, limits?: 'product'): Promise<WorkflowHandleWithFirstExecutionRunId>;
  run(type: WorkflowType, event: EventRef, limits?: 'product'): Promise<WorkflowResult>;
  close(): Promise<void>;
}

const queues: readonly QueueName[] = ['feed', 'media', 'notification', 'kafka'];

/** Real workers with the real feed activities, on tiny pages: one follower each, one page per call. */
export async function startFeedWorkers(): Promise<FeedWorkers> {
  const client = await createTestClient();
  const feed = await createFeedHarness(new TemporalRunSignaller(client, { deadlineMs: 60_000 }));
  const prefix = testQueuePrefix();
  const calls: Calls = { emitted: [], claimed: [], notified: [], retracted: [] };
  const patience = { patienceMs: stepPatienceMs };
  // Every call asks for the ports of the moment.
  const live = new Proxy({} as FeedDeps, { get: (_, name) => workers.deps[name as keyof FeedDeps] });
  // The activities find `workers` when they are called: by then it is there.
  const running = await startTestWorkers({
    prefix,
    queues,
    patient: true,
    activities: {
      ...createFeedActivities(live, patience),
      emitEvent: async (event: EventRef) => {
        await workers.kafka();
        calls.emitted.push(event.eventId);
      },
      mediaClaim: async (event: EventRef) => ({ linked: calls.claimed.push(event.eventId) }),
      mediaUnlink: async () => ({ unlinked: 0 }),
      notifyInApp: async (event: EventRef) => {
        calls.notified.push(event.eventId);
        return { created: 1, next: null, channels: [], stopped: false, ownerUnknown: false };
      },
      notifyRetract: async (event: EventRef) => ({ retracted: calls.retracted.push(event.eventId) }),
    },
  });
  const workers: FeedWorkers = {
    feed,
    client,
    calls,
    patience,
    deps: withSettings(feed, { feedPageSize: 1, feedPagesPerCall: 1 }),
    kafka: () => Promise.resolve(),
    start: (type, event, limits) =>
      client.workflow.start(type, {
        ...(limits === 'product' ? { memo: productLimits } : patientRun),
        workflowId: event.eventId,
        taskQueue: taskQueue(prefix, workflowTypes[type].queue),
        args: [event],
      }),
    run: async (type, event, limits) => {
      const handle = await workers.start(type, event, limits);
      return (await handle.result()) as WorkflowResult;
    },
    close: async () => {
      await running.stop();
      await client.connection.close();
      await feed.close();
    },
  };
  return workers;
}
