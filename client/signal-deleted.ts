import { type WorkflowClient } from '@temporalio/client';
import { type Pool } from 'pg';
import { didYouMean } from '../contracts/near-words';
import { type DeletedSignal, signals } from '../contracts/signals';
import { faultPoint } from '../runtime/fault-points';
import { defaultSchema, inSchema } from '../runtime/schema';
import { takesNoSignals } from '../runtime/temporal-signals';

/** What a service can say is gone. */
export interface Deleted {
  readonly aggregateType: 'post' | 'message' | 'user';
  /** UUID: `aggregate_id` of the events about it. Of a message that is its conversation. */
  readonly aggregateId: string;
  /** UUID of what is gone, where that is not the aggregate: required for a message. Default: `aggregateId`. */
  readonly subjectId?: string;
  /** Shown to operators; no content. */
  readonly reason?: string;
  /** How long to hold it back if no delete event comes, milliseconds; at most an hour. Default: five minutes. */
  readonly holdMs?: number;
}

const signalled: readonly string[] = ['post', 'message', 'user'] satisfies Deleted['aggregateType'][];

/** Every other aggregate type of the catalogue, and why a signal about it would do nothing. */
const notSignalled: Readonly<Record<string, string>> = {
  conversation: "give aggregateType 'message' with the conversation as aggregateId and the message as subjectId",
  reaction_target: 'publish reaction.removed: it takes the notice back',
  follower: 'publish follow.removed: it takes the notice and the posts back',
  upload: 'an upload has no event of its deletion: delete its post',
  stream: 'a stream has no event of its deletion',
};

/** @throws TypeError that says what to do instead */
function refuseUnknown({ aggregateType, subjectId }: Deleted): void {
  if (!signalled.includes(aggregateType)) {
    const instead =
      notSignalled[aggregateType] ?? `there are ${signalled.join(', ')}${didYouMean(aggregateType, signalled)}`;
    throw new TypeError(`signalDeleted takes no aggregateType ${JSON.stringify(aggregateType)}: ${instead}`);
  }
  if (aggregateType === 'message' && subjectId === undefined)
    throw new TypeError('signalDeleted of a message needs its id as subjectId: aggregateId is its conversation');
}

const fiveMinutes = 300_000;

const hold = 'SELECT workflow_id FROM nova.nova_signal_deleted($1, $2, $3, $4, $5)';

/**
 * Signals the running workflows of an aggregate that it is gone, so that they stop before its delete event has had its turn.
 * Call it AFTER the commit of the transaction that publishes that event, on a pool, not in the transaction.
 *
 * The subject is held back from now on: no fan-out page, no notification and no e-mail of it goes out. That is no delete: if
 * no delete event comes (the transaction rolled back after all, the process died before its COMMIT), what waited goes on
 * when the hold ends. The event, published in the business transaction as always, makes it final and takes back what went
 * out before.
 * @param deps.schema the schema of the outbox's tables, where it is not `nova`
 * @throws TypeError for what has no delete that could be signalled (uploads, streams, reactions, follows), with what to do instead
 * @returns ids of the workflows that were running and got the signal
 */
export async function signalDeleted(
  deps: { pool: Pool; workflows: WorkflowClient; schema?: string },
  deleted: Deleted,
): Promise<string[]> {
  refuseUnknown(deleted);
  const { aggregateType, aggregateId, subjectId = aggregateId, reason = 'deleted by its service' } = deleted;
  const sql = inSchema(hold, deps.schema ?? defaultSchema);
  const values = [aggregateType, subjectId, aggregateId, deleted.holdMs ?? fiveMinutes, reason];
  const { rows } = await deps.pool.query<{ workflow_id: string }>(sql, values);
  await faultPoint('client.tombstone-set');
  const payload: DeletedSignal = { aggregateType, aggregateId, reason };
  const signalled = await Promise.all(rows.map((row) => signalIfRunning(deps.workflows, row.workflow_id, payload)));
  return rows.flatMap((row, i) => (signalled[i] ? [row.workflow_id] : []));
}

async function signalIfRunning(workflows: WorkflowClient, id: string, payload: DeletedSignal): Promise<boolean> {
  try {
    await workflows.getHandle(id).signal(signals.deleted, payload);
    return true;
  } catch (thrown) {
    if (takesNoSignals(thrown)) return false;
    throw thrown;
  }
}
