import { Context } from '@temporalio/activity';
import { type EventRef } from '../../contracts/event-ref';
import { NovaError } from '../../contracts/failures';
import { outboxOf } from '../../contracts/outbox-name';
import { limits } from '../../contracts/time-budgets';
import { type OutboxPools, ofOutbox } from '../../runtime/outbox-pools';
import { activeTraceparent } from '../../runtime/traces';
import { guarded } from '../guard';
import { EmitBatcher } from './emit-batcher';
import { type EmitDependencies, flushEmits } from './flush-emits';
import { PgEmitLog } from './pg-emit-log';

/** Part of the activity's time after which it ends by itself, so that people see a reason and not a timeout. */
const patience = limits.emit.patienceMs / limits.emit.startToCloseMs;

interface Dependencies extends Omit<EmitDependencies, 'log'> {
  readonly outboxes: OutboxPools;
}

/** Activities that put events on Kafka. One batcher per outbox and call of this factory: share the result between workers. */
export function createEmitActivities({ outboxes, ...shared }: Dependencies) {
  const batchers = new Map<string, EmitBatcher>();
  /** A flush is one transaction in one database: one that hangs there must hold up its own events alone. */
  const batcherOf = (event: EventRef): EmitBatcher => {
    const name = outboxOf(event);
    const known = batchers.get(name);
    if (known !== undefined) return known;
    const log = new PgEmitLog(outboxes.of(event), outboxes.admissionOf(event));
    const batcher = new EmitBatcher((refs) => flushEmits({ ...shared, log }, refs));
    batchers.set(name, batcher);
    return batcher;
  };
  return guarded({
    /** Resolves when the event and all before it in its aggregate are on Kafka, or given up. Idempotent. */
    async emitEvent(event: EventRef): Promise<void> {
      const { cancellationSignal, info } = Context.current();
      const patienceOver = new AbortController();
      const waitMs = info.startToCloseTimeoutMs * patience;
      const timer = setTimeout(() => {
        const detail = `event ${event.eventId} not acknowledged within ${Math.round(waitMs)} ms: the broker or another emitter of its aggregate is slow`;
        patienceOver.abort(new NovaError('KAFKA_UNAVAILABLE', detail));
      }, waitMs);
      try {
        // Not only in the flush: who waits for one keeps a slot.
        outboxes.admissionOf(event)?.check();
        await batcherOf(event).emit(asCausedHere(event), AbortSignal.any([cancellationSignal, patienceOver.signal]));
      } catch (thrown) {
        throw ofOutbox(thrown, event);
      } finally {
        clearTimeout(timer);
      }
    },
  });
}

/** What is sent is below this try of the activity, where that is traced. */
function asCausedHere(event: EventRef): EventRef {
  const traceparent = activeTraceparent();
  return traceparent === undefined ? event : { ...event, traceparent };
}

export type EmitActivities = ReturnType<typeof createEmitActivities>;
