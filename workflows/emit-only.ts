import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { type EventRef } from '../contracts/event-ref';
import { type WorkflowResult } from '../contracts/signals';
import { endsAsCancelled } from './steps/cancelled';
import { emitToKafka } from './steps/emit-to-kafka';

/** An event without orchestrated effects: subscribers get it from Kafka, nothing else happens. */
export async function emitWorkflow(event: EventRef): Promise<WorkflowResult> {
  try {
    await emitToKafka(event);
  } catch (thrown) {
    if (isCancellation(thrown) && CancellationScope.current().consideredCancelled) endsAsCancelled(['kafka emit']);
    throw thrown;
  }
  return { outcome: 'done', counts: {} };
}
