import { actOf } from '../acts/acts';
import { type Connections } from '../connections';
import { type OutboxAway, askEach, locate, those } from '../outboxes';
import { type Requeued, requeueRows } from './requeue';

export type RequeueDeps = Pick<Connections, 'outboxes' | 'workflows' | 'retentionGuardMs' | 'actor'>;

/** What became of rows in several outboxes. */
export interface RequeuedByOutbox extends Requeued {
  /** The outbox of each row that was looked at, by event id. */
  readonly outbox: Readonly<Record<string, string>>;
}

/** Makes dead letters pending again, in whichever outbox each of them is, and says which outboxes could not be asked. */
export async function requeueAnywhere(
  { outboxes, workflows, retentionGuardMs, actor }: RequeueDeps,
  ids: readonly string[],
  options: { readonly neverRan: boolean; readonly reason?: string | undefined },
): Promise<{ readonly done: RequeuedByOutbox; readonly away: readonly OutboxAway[] }> {
  const located = await locate(outboxes, ids);
  const guardMs = await retentionGuardMs();
  const { neverRan, reason } = options;
  const act = actOf({ actor, command: 'requeue', reason, planned: ids.length, details: neverRan ? { neverRan } : {} });
  const { said, away } = await askEach(those(outboxes, located.ids.keys()), (pool, outbox) =>
    requeueRows({ pool, workflows, guardMs, act }, located.ids.get(outbox) ?? [], options),
  );
  const all = said.map(({ value }) => value);
  const done = {
    requeued: all.flatMap(({ requeued }) => requeued),
    vouchedFor: all.flatMap(({ vouchedFor }) => vouchedFor),
    refused: [...located.refused, ...all.flatMap(({ refused }) => refused)],
    notDeadLettered: [...all.flatMap(({ notDeadLettered }) => notDeadLettered), ...located.missing],
    outbox: Object.fromEntries([...located.ids].flatMap(([name, of]) => of.map((id) => [id.toLowerCase(), name]))),
  };
  return { done, away: [...located.away, ...away] };
}
