import { type EventRef } from '../../contracts/event-ref';
import { limits } from '../../contracts/time-budgets';
import { onQueue } from './activity-options';
import { localThenLater } from './local-first';

/**
 * Emits the event to Kafka, after every earlier event of its aggregate (docs/decisions/0005-emit-order.md). Resolves when
 * Kafka has acknowledged it. Waits out an outage of Kafka, so start it last, or beside the other effects in `settleAll`.
 * Fails only for what no retry can repair (`MESSAGE_REFUSED`, `INVALID_PAYLOAD`, `EVENT_NOT_FOUND`, …).
 */
export async function emitToKafka(event: EventRef): Promise<void> {
  const { done } = await beginEmit(event);
  await done;
}

/** The same, but returns when the local try is over, so that the next effect can begin; an outage goes on in `done`. */
export async function beginEmit(event: EventRef): Promise<{ readonly done: Promise<void> }> {
  const options = onQueue('kafka', { startToCloseTimeout: limits.emit.startToCloseMs });
  // The order of an aggregate makes its later events wait for this one, so a recovery of Kafka is noticed sooner.
  const retry = { ...options.retry, maximumInterval: '10s' };
  return localThenLater('emitEvent', { ...options, retry, summary: 'emit to Kafka' }, event);
}
