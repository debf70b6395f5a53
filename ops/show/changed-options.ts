import { type WorkflowClient } from '@temporalio/client';

interface Duration {
  readonly seconds?: unknown;
  readonly nanos?: number | null;
}

interface Options {
  readonly taskQueue?: { readonly name?: string | null } | null;
  readonly scheduleToCloseTimeout?: Duration | null;
  readonly scheduleToStartTimeout?: Duration | null;
  readonly startToCloseTimeout?: Duration | null;
  readonly heartbeatTimeout?: Duration | null;
  readonly retryPolicy?: {
    readonly initialInterval?: Duration | null;
    readonly maximumInterval?: Duration | null;
    readonly maximumAttempts?: number | null;
  } | null;
}

interface Pending {
  readonly activityId?: string | null;
  readonly activityOptions?: Options | null;
}

const read: Readonly<Record<string, (options: Options) => string>> = {
  'task queue': (options) => options.taskQueue?.name ?? '',
  'schedule-to-close': (options) => seconds(options.scheduleToCloseTimeout),
  'schedule-to-start': (options) => seconds(options.scheduleToStartTimeout),
  'start-to-close': (options) => seconds(options.startToCloseTimeout),
  heartbeat: (options) => seconds(options.heartbeatTimeout),
  'retry initial interval': (options) => seconds(options.retryPolicy?.initialInterval),
  'retry maximum interval': (options) => seconds(options.retryPolicy?.maximumInterval),
  'retry maximum attempts': (options) => String(options.retryPolicy?.maximumAttempts || 'unlimited'),
};

/**
 * What a person has changed of the options of pending activities, by activity id: the server says what holds now, the history
 * what the workflow asked for. A timeout that the workflow left out is filled in by the server, so it counts as unchanged.
 */
export async function changedOptions(
  workflows: WorkflowClient,
  workflowId: string,
  pending: readonly Pending[],
): Promise<Map<string, string[]>> {
  const changed = new Map<string, string[]>();
  if (pending.every(({ activityOptions }) => activityOptions == null)) return changed;
  const { events } = await workflows.getHandle(workflowId).fetchHistory();
  for (const { activityId, activityOptions } of pending) {
    if (activityOptions == null) continue;
    const asked = (events ?? []).find(
      (event) => event.activityTaskScheduledEventAttributes?.activityId === activityId,
    )?.activityTaskScheduledEventAttributes;
    if (asked == null) continue;
    const differences = Object.entries(read).flatMap(([name, valueOf]) => {
      const [now, then] = [valueOf(activityOptions), valueOf(asked)];
      return now === then || then === none ? [] : [`${name} ${now}, was ${then}`];
    });
    changed.set(activityId ?? '', differences);
  }
  return changed;
}

const none = 'none';

function seconds(duration: Duration | null | undefined): string {
  const value = Number(duration?.seconds ?? 0) + (duration?.nanos ?? 0) / 1e9;
  return value === 0 ? none : `${value} s`;
}
