import { type WorkflowClient } from '@temporalio/client';
import { type Pool } from 'pg';
import { lastReplayOf } from '../../activities/replay/further-run';
import { resetPointOf } from '../../activities/replay/reset-point';
import { isBad } from '../../activities/replay/take-up-again';
import { memoNames } from '../../contracts/memo';
import { mainOutbox } from '../../contracts/outbox-name';
import { knownRun } from '../../runtime/known-run';
import { taskQueuesOf } from '../../runtime/task-queues';
import { typeFrom } from '../terminal/option-values';

/** Which runs are meant; null: all that ended badly. */
export interface BadRunFilter {
  /** Of an event, in any spelling. */
  readonly type: string | null;
  /** Ended within so many milliseconds. */
  readonly sinceMs: number | null;
  /** As `--status` takes them: `failed`, `terminated`, `timed-out`, `canceled`. */
  readonly statuses: readonly BadStatus[];
  /** Code of why the run ended: `INVALID_PAYLOAD`. */
  readonly code: string | null;
  readonly aggregateId: string | null;
  /** Build id of the workers that a run had last. */
  readonly build: string | null;
}

export const badStatuses = ['failed', 'terminated', 'timed-out', 'canceled'] as const;
export type BadStatus = (typeof badStatuses)[number];
const inQueries: Record<BadStatus, string> = {
  failed: 'Failed',
  terminated: 'Terminated',
  'timed-out': 'TimedOut',
  canceled: 'Canceled',
};

/** What is taken up again of an event: its newest run, which ended badly; or, where there is none any more, the event. */
export interface BadRun {
  readonly eventId: string;
  readonly eventType: string;
  readonly outbox: string;
  /** In its outbox: what was written first is taken up first. */
  readonly sequence: number;
  readonly workflowId: string;
  /** Event of its history that is taken back; null: nothing of it was done, or is known, so it is started from its beginning by a further run. */
  readonly reset: { readonly runId: string; readonly eventId: number } | null;
  readonly step: string | null;
  readonly why: string;
}

export interface Servers {
  /** State. */
  readonly pool: Pool;
  readonly workflows: WorkflowClient;
}

/** Looks at once that Temporal is asked for. */
const atOnce = 10;

/**
 * The newest runs of events that ended badly and are meant by the filter; healed ones are left out, whatever the list of Temporal says of
 * their earlier runs.
 * @param onLook after each event that was looked at: how many were, and how many are meant
 * @throws what Temporal throws when it is away
 */
export async function badRuns(
  servers: Servers,
  { filter, taskQueuePrefix, limit }: { filter: BadRunFilter; taskQueuePrefix: string; limit: number },
  onLook: (looked: number, found: number) => void,
): Promise<{ readonly runs: readonly BadRun[]; readonly healed: number; readonly more: boolean }> {
  const seen = new Set<string>();
  const runs: BadRun[] = [];
  let [healed, looked, more] = [0, 0, false];
  const look = async (eventId: string): Promise<void> => {
    const run = await newestRun(servers, eventId);
    // What was forgotten between the list and this look is for the audit to find.
    if (run === 'healed' || run === 'forgotten') healed += 1;
    else if (filter.code === null || run.why.startsWith(`${filter.code}:`)) runs.push(run);
    onLook((looked += 1), runs.length);
  };
  let batch: string[] = [];
  for await (const { workflowId } of servers.workflows.list({
    query: queryOf(filter, taskQueuePrefix),
    pageSize: 1_000,
  })) {
    // A replay has the id of its event and a number.
    const eventId = workflowId.split('/')[0] ?? workflowId;
    if (seen.has(eventId)) continue;
    if (runs.length >= limit) {
      more = true;
      break;
    }
    seen.add(eventId);
    batch.push(eventId);
    if (batch.length < atOnce) continue;
    await Promise.all(batch.map(look));
    batch = [];
  }
  await Promise.all(batch.map(look));
  return { runs: inOrder(runs).slice(0, limit), healed, more: more || runs.length > limit };
}

/** Per outbox that of writing. */
export function inOrder(runs: readonly BadRun[]): BadRun[] {
  const byOutbox = (a: BadRun, b: BadRun): number => (a.outbox < b.outbox ? -1 : a.outbox > b.outbox ? 1 : 0);
  return [...runs].sort((a, b) => byOutbox(a, b) || a.sequence - b.sequence);
}

function queryOf({ type, sinceMs, statuses, aggregateId, build }: BadRunFilter, taskQueuePrefix: string): string {
  const eventType = type === null ? null : typeFrom(type);
  const quoted = (text: string): string => `'${text.replace(/['\\]/g, '')}'`;
  const queues = taskQueuesOf(taskQueuePrefix).map(quoted).join(', ');
  const wanted = statuses.length === 0 ? badStatuses : statuses;
  return [
    `TaskQueue IN (${queues}) AND EventType IS NOT NULL`,
    `ExecutionStatus IN (${wanted.map((status) => quoted(inQueries[status])).join(', ')})`,
    ...(eventType === null ? [] : [`EventType = ${quoted(eventType)}`]),
    ...(sinceMs === null ? [] : [`CloseTime > '${new Date(Date.now() - sinceMs).toISOString()}'`]),
    ...(aggregateId === null ? [] : [`AggregateId = ${quoted(aggregateId)}`]),
    ...(build === null ? [] : [`BuildIds = ${quoted(build)}`]),
  ].join(' AND ');
}

/** `healed`: a run of it is open or completed. `forgotten`: Temporal knows none of its runs. */
export async function newestRun(
  { pool, workflows }: Servers,
  eventId: string,
): Promise<BadRun | 'healed' | 'forgotten'> {
  const last = await lastReplayOf(pool, eventId);
  const ids = [eventId, ...(last?.started === true ? [`${eventId}/replay-${last.number}`] : [])];
  const all = await Promise.all(ids.map((id) => knownRun(workflows, id)));
  const known = all.filter((run) => run !== null);
  const newest = known.at(-1);
  if (newest === undefined) return 'forgotten';
  if (known.some(({ status }) => !isBad(status.name))) return 'healed';
  const { workflowId, runId, searchAttributes, status, memo } = newest;
  const { events } = await workflows.getHandle(workflowId, runId).fetchHistory();
  const point = resetPointOf(events ?? []);
  const attribute = (name: string): string => String(searchAttributes[name]?.[0] ?? '');
  return {
    ...{ eventId, workflowId, eventType: attribute('EventType'), outbox: attribute('Outbox') || mainOutbox },
    sequence: Number(memo?.[memoNames.sequence] ?? 0),
    reset: point === null ? null : { runId, eventId: point.eventId },
    step: point?.step ?? null,
    why: point?.why ?? `${status.name}: before its first workflow task`,
  };
}
