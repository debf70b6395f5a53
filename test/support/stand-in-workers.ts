import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { type WorkerOptions } from '@temporalio/worker';
import { priorityName, temporalPriorityKey } from '../../contracts/priority';
import { type EventRef } from '../../contracts/event-ref';
import { type searchAttributes } from '../../contracts/search-attributes';
import { type WorkflowResult } from '../../contracts/signals';
import { type QueueName, type WorkflowType, taskQueue, workflowTypes } from '../../contracts/workflow-types';
import { defineSearchAttributeKey } from '@temporalio/common';
import { newId } from './events';
import { createTestClient, patientRun, startTestWorkers, testQueuePrefix } from './temporal';

/** What an activity does instead of its work: its dependency is away, it hangs, or nothing can help it. */
export type Mood = 'away' | 'hangs' | 'hopeless';

/** What each activity returns when all is well, with a next page and a mail to send, so that there is a regular activity to wait for. */
const results: Record<string, unknown> = {
  feedBegin: { mode: 'push', next: { after: 'x', count: 1 }, written: 1, media: true, mentions: true },
  feedFanoutPages: { mode: 'push', next: null, written: 2 },
  feedRefresh: true,
  feedFollow: {},
  retractBegin: { mode: 'removed', next: null, removed: 1, signal: true },
  retractPages: { mode: 'removed', next: null, removed: 1, signal: true },
  retractSignal: 1,
  mediaClaim: { linked: 1 },
  mediaUnlink: { unlinked: 1 },
  mediaLink: { state: 'parked', waitMs: 3_600_000 },
  mediaExpire: { state: 'linked', waitMs: 0 },
  notifyInApp: { created: 1, next: null, channels: ['email'], stopped: false, ownerUnknown: false },
  notifyPages: { created: 1, next: null, channels: [], stopped: false, ownerUnknown: false },
  notifyDeliver: { pending: 0, claimed: 0, sent: 1, failed: 0, unknown: 0, skipped: 0 },
  notifyRetract: { retracted: 1 },
  identityApply: { hidden: true, erased: true },
  feedPurgeAuthor: { removed: 1 },
  emitEvent: undefined,
};

interface StandInOptions {
  /** Options of each worker, over the usual ones. */
  readonly worker?: Partial<WorkerOptions>;
  /** What hangs is never given to another attempt. */
  readonly patient?: boolean;
  /** Those with a worker; default: all. */
  readonly queues?: readonly QueueName[];
  /** Of the task queues; default: one that no other test has. */
  readonly prefix?: string;
}

/** Real workers and workflows; the activities are stand-ins that do as the test says. */
export async function startStandInWorkers(options: StandInOptions = {}) {
  const { worker, patient = false, queues, prefix = testQueuePrefix() } = options;
  const client = await createTestClient();
  const moods = new Map<string, Mood>();
  const calls: string[] = [];
  const activities = Object.fromEntries(
    Object.keys(results).map((name) => [
      name,
      async (event: EventRef) => {
        calls.push(`${name} ${event.eventId}`);
        const mood = moods.get(name);
        if (mood === 'away') throw ApplicationFailure.create({ message: 'gone', type: 'KAFKA_UNAVAILABLE' });
        if (mood === 'hopeless')
          throw ApplicationFailure.create({ message: 'no row', type: 'EVENT_NOT_FOUND', nonRetryable: true });
        if (mood === 'hangs') await Context.current().cancelled;
        return results[name];
      },
    ]),
  );
  const workers = await startTestWorkers({
    ...{ prefix, activities, patient },
    ...(worker === undefined ? {} : { worker }),
    ...(queues === undefined ? {} : { queues }),
  });
  const text = (name: keyof typeof searchAttributes) => defineSearchAttributeKey(name, 'KEYWORD');
  return {
    client,
    prefix,
    moods,
    calls,
    /** As the bridge starts it, under this id. */
    start(type: WorkflowType, over: Partial<EventRef> = {}) {
      const eventId = over.eventId ?? newId();
      const event: EventRef = {
        ...{ eventId, eventType: 'follow.added', schemaVersion: 1, aggregateType: 'x', aggregateId: newId() },
        ...{ sequence: 1, createdAt: '2026-01-01T00:00:00.000000Z', createdAtMs: 1, priority: 2 },
        ...over,
      };
      return client.workflow.start<(event: EventRef) => Promise<WorkflowResult>>(type, {
        ...(patient ? patientRun : {}),
        workflowId: eventId,
        taskQueue: taskQueue(prefix, workflowTypes[type].queue),
        args: [event],
        memo: { eventId, sequence: event.sequence },
        priority: { priorityKey: temporalPriorityKey(event.priority) },
        typedSearchAttributes: [
          { key: text('EventType'), value: event.eventType },
          { key: text('EventPriority'), value: priorityName(event.priority) },
        ],
      });
    },
    stop: async () => {
      await workers.stop();
      await client.connection.close();
    },
  };
}
