import { type WorkflowClient, WorkflowNotFoundError } from '@temporalio/client';
import { type Pool } from 'pg';
import { stillUnemitted, unemittedAges } from '../../outbox/stuck.sql';
import { oneLine } from '../../runtime/errors';
import { groupBy } from '../../runtime/group-by';
import { toPendingActivity } from '../../runtime/pending-activity';

/** Rows of one outbox whose run was started and that are not on Kafka, by the time since their start. */
export interface UnemittedAges {
  readonly underMinute: number;
  readonly underFive: number;
  readonly older: number;
  /** Of the oldest; null: there is none. */
  readonly since: Date | null;
  readonly oldestSeconds: number;
  /** Event ids of the oldest. */
  readonly oldest: readonly string[];
}

/** Why some of them are not on Kafka. */
export interface UnemittedCause {
  readonly cause: string;
  /** How many of those that were looked at. */
  readonly events: number;
  /** One of them. */
  readonly example: string;
}

/** Of each outbox; each costs Temporal a request. */
const mostLookedAt = 10;

export async function unemitted(pool: Pool): Promise<UnemittedAges> {
  return (await pool.query<UnemittedAges>(unemittedAges, [mostLookedAt])).rows[0]!;
}

/** Which of these events one outbox still has to send to Kafka. */
export async function stillWaiting(pool: Pool, ids: readonly string[]): Promise<string[]> {
  return (await pool.query<{ id: string }>(stillUnemitted, [ids])).rows.map(({ id }) => id);
}

/**
 * What the runs of these events say.
 * @param stillWait which of some events are not on Kafka now: asked when a run has ended, since another run of the aggregate may have sent
 * its event after this look began
 * @throws what Temporal throws when it is away
 */
export async function unemittedCauses(
  workflows: WorkflowClient,
  ids: readonly string[],
  stillWait: (ids: readonly string[]) => Promise<readonly string[]>,
): Promise<UnemittedCause[]> {
  const looked = await Promise.all(ids.map(async (id) => ({ id, cause: await causeOf(workflows, id) })));
  const ended = looked.filter(({ cause }) => hasEnded(cause)).map(({ id }) => id);
  const still = new Set(ended.length === 0 ? [] : await stillWait(ended));
  const seen = looked.filter(({ id, cause }) => !hasEnded(cause) || still.has(id));
  return [...groupBy(seen, ({ cause }) => cause)]
    .map(([cause, its]) => ({ cause, events: its.length, example: its[0]!.id }))
    .sort((a, b) => b.events - a.events);
}

const hasEnded = (cause: string): boolean => cause.endsWith('and did not send it');

async function causeOf(workflows: WorkflowClient, id: string): Promise<string> {
  try {
    const { status, raw } = await workflows.getHandle(id).describe();
    if (status.name !== 'RUNNING') return `its run is ${status.name} and did not send it`;
    if ((raw.pendingWorkflowTask?.attempt ?? 1) > 2) return 'its run stands still';
    const pending = (raw.pendingActivities ?? []).map(toPendingActivity);
    const emit = pending.find(({ name }) => name === 'emitEvent');
    if (emit?.message != null) return oneLine(emit.message, 200);
    if (emit !== undefined) return 'emitEvent waits for a worker, or runs';
    const other = pending.find(({ message }) => message !== null);
    return other === undefined
      ? 'its run is under way'
      : `its run waits for ${other.name}: ${oneLine(other.message, 150)}`;
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return 'Temporal knows no run of it';
    throw thrown;
  }
}
