import { type WorkflowClient, WorkflowNotFoundError } from '@temporalio/client';
import { type Pool } from 'pg';
import { type DeletedSignal, signals } from '../contracts/signals';
import { faultPoint } from '../runtime/fault-points';

/** What a service can say is gone. */
export interface Deleted {
  readonly aggregateType: 'post' | 'message' | 'user';
  /** UUID. */
  readonly aggregateId: string;
  /** Shown to ops; no content. */
  readonly reason?: string;
}

const tombstone = `
  INSERT INTO tombstones (subject_type, subject_id, sequence, final, reason) VALUES ($1, $2, NULL, true, $3)
  ON CONFLICT (subject_type, subject_id) DO UPDATE SET final = true`;

/** Started workflows of the aggregate, newest first. Finished ones answer "not found" to the signal, which is fine. */
const workflowsOfAggregate = `
  SELECT id FROM outbox_events WHERE aggregate_id = $1 AND published_at IS NOT NULL
  ORDER BY sequence DESC LIMIT 50`;

/**
 * Tells the running workflows of an aggregate that it is gone, ahead of its delete event. The tombstone is committed
 * first: from then on no fan-out page and no notification of it goes out. The delete event, published in the business
 * transaction as always, takes back what went out before.
 * @returns ids of the workflows that were running and got the signal
 */
export async function signalDeleted(
  deps: { pool: Pool; workflows: WorkflowClient },
  deleted: Deleted,
): Promise<string[]> {
  const { aggregateType, aggregateId, reason = 'deleted by its service' } = deleted;
  await deps.pool.query(tombstone, [aggregateType, aggregateId, reason]);
  await faultPoint('client.tombstone-set');
  const { rows } = await deps.pool.query<{ id: string }>(workflowsOfAggregate, [aggregateId]);
  const payload: DeletedSignal = { aggregateType, aggregateId, reason };
  const signalled = await Promise.all(rows.map(({ id }) => signalIfRunning(deps.workflows, id, payload)));
  return rows.flatMap(({ id }, i) => (signalled[i] ? [id] : []));
}

async function signalIfRunning(workflows: WorkflowClient, id: string, payload: DeletedSignal): Promise<boolean> {
  try {
    await workflows.getHandle(id).signal(signals.deleted, payload);
    return true;
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return false;
    throw thrown;
  }
}
