import { type WorkflowOptions } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { type EventRef } from '../contracts/event-ref';
import { memoNames } from '../contracts/memo';
import { outboxOf } from '../contracts/outbox-name';
import { priorityName, temporalPriorityKey } from '../contracts/priority';
import { type SearchAttributeName, searchAttributes } from '../contracts/search-attributes';
import { type WorkflowType, taskQueue, workflowTypes } from '../contracts/workflow-types';
import { staticDetails } from './static-details';

const keys = Object.fromEntries(
  Object.entries(searchAttributes).map(([name, type]) => [name, defineSearchAttributeKey(name, type)]),
) as Record<SearchAttributeName, ReturnType<typeof defineSearchAttributeKey<'KEYWORD'>>>;

/** What the starts of a deployment have in common. */
export interface StartSettings {
  readonly taskQueuePrefix: string;
  /** Where people reach the console; empty: the runs link to none. */
  readonly consoleUrl?: string;
}

/** How the run of an event is started, by the bridge or as a replay: never twice under one workflow id. */
export function startOptions(
  {
    ref,
    workflowType,
    actorId,
  }: { readonly ref: EventRef; readonly workflowType: WorkflowType; readonly actorId?: string | undefined },
  { taskQueuePrefix, consoleUrl = '' }: StartSettings,
): Omit<WorkflowOptions, 'args'> & { args: [EventRef] } {
  return {
    workflowId: ref.eventId,
    taskQueue: taskQueue(taskQueuePrefix, workflowTypes[workflowType].queue),
    args: [ref],
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    workflowIdConflictPolicy: 'FAIL',
    typedSearchAttributes: [
      { key: keys.EventType, value: ref.eventType },
      { key: keys.AggregateType, value: ref.aggregateType },
      { key: keys.AggregateId, value: ref.aggregateId },
      ...(actorId === undefined ? [] : [{ key: keys.ActorId, value: actorId }]),
      { key: keys.EventPriority, value: priorityName(ref.priority) },
      { key: keys.Outbox, value: outboxOf(ref) },
    ],
    memo: {
      [memoNames.eventId]: ref.eventId,
      [memoNames.sequence]: ref.sequence,
      ...(ref.outbox === undefined ? {} : { [memoNames.outbox]: ref.outbox }),
    },
    priority: {
      priorityKey: temporalPriorityKey(ref.priority),
      // Within a priority Temporal takes the tasks of different keys in turn: else an event waits for what other outboxes had started before it.
      ...(ref.outbox === undefined ? {} : { fairnessKey: ref.outbox }),
    },
    staticSummary: `${ref.eventType} · ${ref.aggregateType} ${ref.aggregateId}`,
    staticDetails: staticDetails(ref, workflowType, consoleUrl),
  };
}

/**
 * Temporal replies to a repeated start of the same request id with the run that it began, open or closed. The event id alone is not enough:
 * two rows may have one, also in two outboxes, and the second must not get the first one's run. The outbox `main` is left out, as the version
 * before does.
 */
export function requestIdOf({ workflowId, memo }: Pick<WorkflowOptions, 'workflowId' | 'memo'>): string {
  const place = [memo?.[memoNames.outbox], memo?.[memoNames.sequence]].filter((part) => part !== undefined);
  return [workflowId, ...place.map(String)].join('/');
}
