import { type EventRef } from '../contracts/event-ref';
import { type WorkflowResult } from '../contracts/signals';
import { emitToKafka } from './emit';

/** An event without orchestrated effects: passive subscribers hear of it on Kafka, nothing else happens. */
export async function emitWorkflow(event: EventRef): Promise<WorkflowResult> {
  await emitToKafka(event);
  return { outcome: 'done', counts: {} };
}
