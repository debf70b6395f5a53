import { type WorkflowClient } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { type Pool } from 'pg';
import { memoNames } from '../../contracts/memo';
import { replayPriorityKey } from '../../contracts/priority';
import { type SearchAttributeName } from '../../contracts/search-attributes';
import { knownRun } from '../../runtime/known-run';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { type StartSettings, startOptions } from '../../runtime/start-options';
import { type ReplayRequest, replayRequest } from './replay-request';

export interface ReplayDeps {
  /** State. */
  readonly pool: Pool;
  readonly outboxes: OutboxPools;
  readonly workflows: WorkflowClient;
  readonly config: StartSettings & { readonly temporalNamespace: string };
}

/** What a replay of one event would be; nothing is changed by planning it. */
export interface PlannedReplay {
  readonly id: string;
  /** Null: no row was found, or more than one. */
  readonly outbox: string | null;
  /** Null: it can be replayed. */
  readonly refused: string | null;
  /** Workflow id of the run it would start. */
  readonly workflowId: string;
  readonly request: (ReplayRequest & { readonly actorId?: string | undefined }) | null;
  /** What became of the run before. */
  readonly before: string;
  /** Deliveries that were given up with the run and are sent by the replay. */
  readonly deliveries: number;
  /** A command that does the same within the known run, where Temporal still has it. */
  readonly reset: string | null;
}

const lastReplay = `
  SELECT number, started_at IS NOT NULL AS started, reason FROM nova.event_replays WHERE event_id = $1 ORDER BY number DESC LIMIT 1`;
const givenUp = `
  SELECT count(*) AS count FROM nova.notification_deliveries
  WHERE event_id = $1 AND state = 'skipped' AND reason = 'RUN_ENDED'`;
const record = `
  INSERT INTO nova.event_replays (event_id, number, reason, requested_by) VALUES ($1, $2, $3, $4)
  ON CONFLICT (event_id, number) DO NOTHING`;
const reopenGivenUp = `
  UPDATE nova.notification_deliveries SET state = 'pending', reason = 'REPLAYED'
  WHERE event_id = $1 AND state = 'skipped' AND reason = 'RUN_ENDED'`;
const markStarted = `UPDATE nova.event_replays SET started_at = clock_timestamp() WHERE event_id = $1 AND number = $2`;

interface Replay {
  readonly number: number;
  readonly started: boolean;
  readonly reason: string | null;
}

/** Undefined: the event was never replayed by a further run. */
export async function lastReplayOf(pool: Pool, eventId: string): Promise<Replay | undefined> {
  return (await pool.query<Replay>(lastReplay, [eventId])).rows[0];
}

/** What the replay of one event would be, or why there is none. `again`: also after a completed run. `why`: it has no outbox. */
export async function planFurtherRun(
  { pool, outboxes, workflows, config }: ReplayDeps,
  { id, outbox, why }: { readonly id: string; readonly outbox: string | null; readonly why: string },
  again: boolean,
): Promise<PlannedReplay> {
  const last = await lastReplayOf(pool, id);
  // One that was written down and not started, because its process died in between, is used again.
  const number = last === undefined ? 1 : last.started ? last.number + 1 : last.number;
  const run = await endOf(workflows, id);
  const replay = last?.started === true ? await endOf(workflows, `${id}/replay-${last.number}`) : null;
  const deliveries = (await pool.query<{ count: number }>(givenUp, [id])).rows[0]?.count ?? 0;
  const common = { id, outbox, workflowId: `${id}/replay-${number}`, deliveries, before: before(run, replay) };
  const refuse = (refused: string): PlannedReplay => ({ ...common, refused, request: null, reset: null });
  if (outbox === null) return refuse(why);
  const place = { state: pool, outbox, pool: outboxes.of({ outbox }) };
  const found = await replayRequest(place, id, run?.type ?? null);
  if (typeof found === 'string') return refuse(found);
  if (run?.status === 'RUNNING') return refuse(`its run is open: npx nova show ${id} says what it waits for`);
  if (replay?.status === 'RUNNING') return refuse(`${id}/replay-${last?.number} is open`);
  const better = replay?.status === 'COMPLETED' || run?.status === 'COMPLETED';
  if (better && found.emitted && !again)
    return refuse('a run of it has completed: there is nothing to make up for (--again starts one all the same)');
  // Of a run that Temporal has forgotten it is not known: only the payload says it, which an operator may not read.
  const request = { ...found, actorId: run?.actorId ?? replay?.actorId };
  return { ...common, refused: null, request, reset: run === null ? null : resetCommand(config, id) };
}

/**
 * Starts the replay, and writes it down before. Returns its workflow id.
 * @param by who asks for it
 */
export async function startFurtherRun(
  { pool, workflows, config }: Omit<ReplayDeps, 'outboxes'>,
  { id, workflowId, request }: PlannedReplay & { readonly request: NonNullable<PlannedReplay['request']> },
  { reason, by }: { readonly reason: string | null; readonly by: string },
): Promise<string> {
  const number = Number(workflowId.split('-').at(-1));
  await pool.query(record, [id, number, reason, by]);
  await reopenDeliveries(pool, id);
  const options = startOptions(request, config);
  try {
    await workflows.start(request.workflowType, {
      ...options,
      workflowId,
      memo: { ...options.memo, [memoNames.replay]: number },
      priority: { ...options.priority, priorityKey: replayPriorityKey },
    });
  } catch (thrown) {
    // Another operator was quicker, or this is the second try after a reply that was lost.
    if (!(thrown instanceof WorkflowExecutionAlreadyStartedError)) throw thrown;
  }
  await pool.query(markStarted, [id, number]);
  return workflowId;
}

/** Deliveries that were given up with a run that ended badly: its replay sends them. */
export async function reopenDeliveries(state: Pool, eventId: string): Promise<void> {
  await state.query(reopenGivenUp, [eventId]);
}

interface Run {
  readonly status: string;
  readonly type: string;
  /** Who caused the event, as its search attribute says. */
  readonly actorId: string | undefined;
}

const actorAttribute: SearchAttributeName = 'ActorId';

async function endOf(workflows: WorkflowClient, workflowId: string): Promise<Run | null> {
  const run = await knownRun(workflows, workflowId);
  if (run === null) return null;
  const actorId = run.searchAttributes[actorAttribute]?.[0];
  return { status: run.status.name, type: run.type, actorId: typeof actorId === 'string' ? actorId : undefined };
}

function before(run: Run | null, replay: Run | null): string {
  const original = run === null ? 'its run is deleted or forgotten' : `its run is ${run.status.toLowerCase()}`;
  return replay === null ? original : `${original}, its last replay ${replay.status.toLowerCase()}`;
}

function resetCommand({ temporalNamespace }: ReplayDeps['config'], id: string): string {
  return `temporal workflow reset --namespace ${temporalNamespace} --workflow-id ${id} --type FirstWorkflowTask --reason "…"`;
}
