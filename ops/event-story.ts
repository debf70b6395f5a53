import { type WorkflowClient, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { type Pool } from 'pg';
import { toPendingActivity } from '../runtime/pending-activity';
import { memoNames } from '../contracts/memo';
import { type OpenFinding, openFindingsOf } from './audit-findings';
import { rowOfEvent } from '../outbox/operators.sql';
import { oneLine } from '../runtime/errors';
import { changedOptions } from './changed-options';
import { type EventHold, holdOf } from './held-aggregates';

const deliveries = `
  SELECT recipient_id, channel, kind, state, reason, attempts, sent_at FROM nova.notification_deliveries WHERE event_id = $1 ORDER BY channel, recipient_id LIMIT 50`;

export interface PendingLine {
  readonly activity: string;
  readonly activityId: string;
  readonly attempt: number;
  readonly lastFailure: string | null;
  /** RFC 3339. Null: it is not paused. */
  readonly paused: { readonly by: string; readonly reason: string | null; readonly since: string | null } | null;
  /** What a person has changed of its options since it was scheduled: `retry maximum interval 36000 s, was 30 s`. */
  readonly changed: readonly string[];
}

export interface EventStory {
  /** Columns of the outbox row but the payload. */
  readonly row: Record<string, unknown>;
  /** Rows of the same id that are not this one: an id written twice. */
  readonly otherRows: readonly Record<string, unknown>[];
  /** The dead letter that holds it back, or what it holds back itself. */
  readonly hold: EventHold | null;
  readonly workflow: {
    readonly status: string;
    readonly type: string;
    readonly historyLength: number;
    /** What it waits for now; nothing when it has ended. */
    readonly pending: readonly PendingLine[];
    /** Effects that it says it left undone, when it was cancelled. */
    readonly notDone: readonly string[];
    /** Why it ignored signals, the first of each reason. */
    readonly ignoredSignals: readonly string[];
  } | null;
  /** Why Temporal could not be asked, so that `workflow` is null; null: it was asked. */
  readonly temporalFailed: string | null;
  readonly deliveries: readonly Record<string, unknown>[];
  /** What the audit has against it. */
  readonly findings: readonly OpenFinding[];
}

/** Everything known of one event: its row, its workflow and what that waits for, its deliveries. Null: no such row. */
export async function eventStory(pool: Pool, workflows: WorkflowClient, id: string): Promise<EventStory | null> {
  const [row, ...otherRows] = (await pool.query<Record<string, unknown>>(rowOfEvent, [id])).rows;
  if (row === undefined) return null;
  return {
    row,
    otherRows,
    hold: await holdOf(pool, id),
    ...(await workflowOrFailure(workflows, id)),
    deliveries: (await pool.query<Record<string, unknown>>(deliveries, [id])).rows,
    findings: await openFindingsOf(pool, id),
  };
}

/** Without Temporal the rest of the story is worth reading all the same. */
async function workflowOrFailure(
  workflows: WorkflowClient,
  id: string,
): Promise<Pick<EventStory, 'workflow' | 'temporalFailed'>> {
  try {
    return { workflow: await workflowOf(workflows, id), temporalFailed: null };
  } catch (thrown) {
    return { workflow: null, temporalFailed: oneLine(thrown) };
  }
}

async function workflowOf(workflows: WorkflowClient, id: string): Promise<EventStory['workflow']> {
  try {
    const run = await workflows.getHandle(id).describe();
    return {
      status: run.status.name,
      type: run.type,
      historyLength: run.historyLength,
      // Temporal keeps the pending activities of a run that was terminated: it waits for nothing any more.
      pending: run.status.name === 'RUNNING' ? await pendingOf(workflows, run) : [],
      notDone: texts(run.memo?.[memoNames.notDone]),
      ignoredSignals: texts(run.memo?.[memoNames.ignoredSignals]),
    };
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return null;
    throw thrown;
  }
}

async function pendingOf(workflows: WorkflowClient, run: WorkflowExecutionDescription): Promise<PendingLine[]> {
  const activities = run.raw.pendingActivities ?? [];
  const changed = await changedOptions(workflows, run.workflowId, activities);
  return activities.map(toPendingActivity).map(({ id, name, attempt, message, pause }) => ({
    activity: name,
    activityId: id,
    attempt,
    lastFailure: message,
    paused:
      pause === null
        ? null
        : {
            by: pause.by,
            reason: pause.reason,
            since: pause.sinceMs === null ? null : new Date(pause.sinceMs).toISOString(),
          },
    changed: changed.get(id) ?? [],
  }));
}

function texts(memo: unknown): string[] {
  return Array.isArray(memo) ? memo.map(String) : [];
}
