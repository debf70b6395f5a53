import { type EventRef } from '../contracts/event-ref';
import { type WorkflowResult } from '../contracts/signals';
import { emitToKafka } from './steps/emit-to-kafka';
import { Looks } from './steps/looks';
import { beginNotify } from './steps/begin-notify';
import { recordOutcome } from './steps/outcome';
import { settleAll } from './steps/settle';
import { deletedSignal } from './signals';

/**
 * Notifies everyone the event concerns: inboxes first, since these must be quick; then e-mail and Kafka side by
 * side, each waiting out only its own outage.
 */
export async function notificationWorkflow(event: EventRef): Promise<WorkflowResult> {
  const notifying = await beginNotify(event);
  // The signal may be about another message of the conversation, so it stops nothing by itself: it makes what waits look.
  new Looks(event).on(deletedSignal, () => notifying.lookAgain());
  await settleAll({ notify: notifying.done, 'kafka emit': emitToKafka(event) });
  const { created, sent, undelivered, stopped, ownerUnknown } = await notifying.done;
  const outcome = stopped ? 'stopped' : ownerUnknown ? 'skipped' : 'done';
  recordOutcome(outcome);
  return { outcome, counts: { notified: created, ...sent, undelivered } };
}
