import { actOf } from '../acts/acts';
import { columnLines } from '../terminal/columns';
import { mayGo } from '../terminal/confirm';
import { type Connections } from '../connections';
import { type Letter, discard, lettersOfIds } from './desk';
import { holdOf } from './held-aggregates';
import { type OutboxAway } from '../outboxes';

export interface DiscardOptions {
  readonly reason: string;
  readonly yes: boolean;
  readonly json?: boolean;
}

interface Planned extends Letter {
  /** Rows of its aggregate that wait for it and go on. */
  readonly waiting: number;
}

/** Rows of one statement. */
const batch = 500;

/**
 * Plans, asks, and takes dead letters out for good. Exit code 1 when one that was named is still there. Returns the outboxes that could
 * not be asked.
 */
export async function discardCommand(
  { outboxes, actor }: Pick<Connections, 'outboxes' | 'actor'>,
  ids: readonly string[],
  options: DiscardOptions,
): Promise<readonly OutboxAway[]> {
  const { reason, json } = options;
  const { letters, refused, away } = await lettersOfIds(outboxes, ids);
  const plan: Planned[] = [];
  for (const letter of letters) {
    const hold = await holdOf(outboxes.of(letter), letter.id);
    plan.push({ ...letter, waiting: hold?.isItself === true ? hold.waiting : 0 });
  }
  if (json !== true) console.log(planText(plan, refused));
  const question = `discard ${plan.length} dead letters for good?`;
  const go = plan.length > 0 && (await mayGo(question, options));
  const act = actOf({ actor, command: 'dead-letters discard', reason, planned: plan.length });
  const discarded: string[] = [];
  for (const outbox of go ? new Set(plan.map((letter) => letter.outbox)) : []) {
    const theirs = plan.filter((letter) => letter.outbox === outbox);
    for (let from = 0; from < theirs.length; from += batch)
      discarded.push(...(await discard(outboxes.of({ outbox }), theirs.slice(from, from + batch), act)));
  }
  if (json === true) console.log(JSON.stringify({ plan, refused, discarded }));
  else if (go) console.log(`discarded ${discarded.length}; npx nova acts keeps what they were`);
  if (discarded.length < plan.length || refused.length > 0 || plan.length === 0) process.exitCode = 1;
  return away;
}

function planText(plan: readonly Planned[], refused: readonly { readonly id: string; readonly why: string }[]): string {
  const table = columnLines([
    ['EVENT', 'TYPE', 'AGGREGATE', 'WAITING', 'WHY'],
    ...plan.map((one) => [one.id, one.eventType, one.aggregateId, String(one.waiting), one.lastError ?? '–']),
  ]);
  return [
    ...refused.map(({ id, why }) => `${id} is not discarded: ${why}`),
    ...(plan.length === 0 ? ['no dead letter to discard'] : table),
    ...(plan.length === 0
      ? []
      : ['their rows are deleted, payloads included; what waits for them goes on without them']),
    ...plan
      .filter(({ started }) => started)
      .map(({ id }) => `${id} was started: what its run did stays; it is not sent to Kafka`),
  ].join('\n');
}
