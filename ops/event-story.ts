import { type WorkflowClient, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { toPendingActivity } from '../runtime/pending-activity';
import { memoNames } from '../contracts/memo';
import { outboxOf } from '../contracts/outbox-name';
import { startedFor } from '../contracts/run-owner';
import { type OpenFinding, openFindingsOf } from './audit-findings';
import { rowOfEvent } from '../outbox/operators.sql';
import { oneLine } from '../runtime/errors';
import { changedOptions } from './changed-options';
import { type Connections } from './connections';
import { type EventHold, holdOf } from './held-aggregates';
import { type OutboxAway, askEach } from './outboxes';

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

export type StoryRow = Readonly<Record<string, unknown>> & { readonly outbox: string };

export interface EventStory {
  /** The outbox of the row, and its columns but the payload. */
  readonly row: StoryRow;
  /** Rows of the same id that are not this one: an id written twice, in one outbox or in several. */
  readonly otherRows: readonly StoryRow[];
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

/** What was found of an event, and which outboxes could not be asked for it. */
export interface FoundStory {
  /** Null: no outbox that could be asked has such a row. */
  readonly story: EventStory | null;
  readonly away: readonly OutboxAway[];
}

/** Everything known of one event: its row, its workflow and what that waits for, its deliveries. */
export async function eventStory(
  { pool, outboxes, workflows }: Pick<Connections, 'pool' | 'outboxes' | 'workflows'>,
  id: string,
): Promise<FoundStory> {
  const { said, away } = await askEach(outboxes, async (database) => {
    const { rows } = await database.query<Record<string, unknown>>(rowOfEvent, [id]);
    return { rows, hold: rows.length === 0 ? null : await holdOf(database, id) };
  });
  const holders = said.filter(({ value }) => value.rows.length > 0);
  if (holders.length === 0) return { story: null, away };
  const { runsOutbox, ...run } = await workflowOrFailure(workflows, id);
  const first = holders.find(({ outbox }) => outbox === runsOutbox) ?? holders.find(hasStarted) ?? holders[0]!;
  const rows = [first, ...holders.filter((one) => one !== first)].flatMap(({ outbox, value }) =>
    value.rows.map((row): StoryRow => ({ outbox, ...row })),
  );
  return {
    story: {
      row: rows[0]!,
      otherRows: rows.slice(1),
      hold: first.value.hold,
      ...run,
      deliveries: (await pool.query<Record<string, unknown>>(deliveries, [id])).rows,
      findings: await openFindingsOf(pool, id),
    },
    away,
  };
}

function hasStarted({ value }: { readonly value: { readonly rows: readonly Record<string, unknown>[] } }): boolean {
  return value.rows.some((row) => row['published_at'] !== null);
}

/** With the outbox that the run was started for, where it says that. */
type RunOfStory = Pick<EventStory, 'workflow' | 'temporalFailed'> & { readonly runsOutbox: string | null };

/** Without Temporal the rest of the story is worth reading all the same. */
async function workflowOrFailure(workflows: WorkflowClient, id: string): Promise<RunOfStory> {
  try {
    return { ...(await workflowOf(workflows, id)), temporalFailed: null };
  } catch (thrown) {
    return { workflow: null, temporalFailed: oneLine(thrown), runsOutbox: null };
  }
}

async function workflowOf(workflows: WorkflowClient, id: string): Promise<Pick<RunOfStory, 'workflow' | 'runsOutbox'>> {
  try {
    const run = await workflows.getHandle(id).describe();
    const owner = startedFor(run.memo);
    const workflow = {
      status: run.status.name,
      type: run.type,
      historyLength: run.historyLength,
      // Temporal keeps the pending activities of a run that was terminated: it waits for nothing any more.
      pending: run.status.name === 'RUNNING' ? await pendingOf(workflows, run) : [],
      notDone: texts(run.memo?.[memoNames.notDone]),
      ignoredSignals: texts(run.memo?.[memoNames.ignoredSignals]),
    };
    return { workflow, runsOutbox: owner === null ? null : outboxOf(owner) };
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return { workflow: null, runsOutbox: null };
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
