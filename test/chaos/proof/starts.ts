import { groupBy } from '../../../runtime/group-by';
import { type ProofRow } from '../types';
import { type Evidence } from './evidence';
import { eventOf } from './replays';
import { proofRow } from './row';

/** Every event has one first run at the most; a run that went on as new ones is still one. Every run has its row. */
export function duplicateStarts({ rows, runs }: Pick<Evidence, 'rows' | 'runs'>): ProofRow {
  const known = new Set(rows.map(({ id }) => id));
  const offenders = [...groupBy(runs, ({ workflowId }) => workflowId)].flatMap(([id, ofEvent]) => {
    const first = new Set(ofEvent.map(({ firstRunId }) => firstRunId));
    const all = `${ofEvent.map(({ runId, status }) => `${runId} ${status}`).join(', ')}`;
    return [
      ...(first.size > 1 ? [`event ${id} was started ${first.size} times: ${all}`] : []),
      ...(known.has(eventOf(id)) ? [] : [`workflow ${id} has no outbox row: ${all}`]),
    ];
  });
  return proofRow('duplicate starts', runs.length, offenders);
}
