import { Context } from '@temporalio/activity';
import { type EventRef } from '../../contracts/event-ref';
import { NovaError } from '../../contracts/failures';
import { limits } from '../../contracts/time-budgets';
import { guarded } from '../guard';
import { EmitBatcher } from './emit-batcher';
import { type EmitDependencies, flushEmits } from './flush-emits';

/** Part of the activity's time after which it ends by itself, so that people see a reason and not a timeout. */
const patience = limits.emit.patienceMs / limits.emit.startToCloseMs;

/** Activities that put events on Kafka. One batcher per call of this factory: share the result between workers. */
export function createEmitActivities(dependencies: EmitDependencies) {
  const batcher = new EmitBatcher((refs) => flushEmits(dependencies, refs));
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
        await batcher.emit(event, AbortSignal.any([cancellationSignal, patienceOver.signal]));
      } finally {
        clearTimeout(timer);
      }
    },
  });
}

export type EmitActivities = ReturnType<typeof createEmitActivities>;
