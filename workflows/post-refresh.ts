import { type EventRef } from '../contracts/event-ref';
import { type WorkflowResult } from '../contracts/signals';
import { onQueue } from './steps/activity-options';
import { emitToKafka } from './steps/emit-to-kafka';
import { localThenLater } from './steps/local-first';
import { recordOutcome } from './steps/outcome';
import { settleAll } from './steps/settle';

/** A post was edited: its summary follows, in the table and in the cache. */
export async function postRefreshWorkflow(event: EventRef): Promise<WorkflowResult> {
  const refresh = await localThenLater('feedRefresh', onQueue('feed', { summary: 'refresh summary' }), event);
  await settleAll({ refresh: refresh.done, 'kafka emit': emitToKafka(event) });
  const outcome = (await refresh.done) ? 'done' : 'skipped';
  recordOutcome(outcome);
  return { outcome, counts: {} };
}
