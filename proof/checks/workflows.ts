import { type WorkflowRun } from '../observe/workflow-runs';
import { thousands as n } from '../report/thousands';
import { checked, type CheckResult } from './check';
import { groupBy } from '../../runtime/group-by';
import { type Truth } from './truth';

/** Every committed event has exactly one workflow, and it completed; rolled-back events have none. */
export function checkWorkflows(
  { events, rolledBack }: Pick<Truth, 'events' | 'rolledBack'>,
  runs: readonly WorkflowRun[],
  /** Outbox rows that do not agree with what the services committed. */
  unaccounted: readonly string[] = [],
): CheckResult {
  const byId = groupBy(runs, (run) => run.workflowId);
  const offenders = [...unaccounted];
  let missing = unaccounted.length;
  let duplicates = 0;
  let unfinished = 0;
  for (const { id, type } of events) {
    // A run that went on as a new one is the same workflow; only its last run counts.
    const last = (byId.get(id) ?? []).filter((run) => run.status !== 'CONTINUED_AS_NEW');
    const [run] = last;
    if (run === undefined) {
      missing += 1;
      offenders.push(`event ${id} (${type}) has no workflow`);
    } else if (last.length > 1) {
      duplicates += 1;
      offenders.push(
        `event ${id} (${type}) has ${last.length} workflow runs: ${last.map((one) => one.status).join(', ')}`,
      );
    } else if (run.status !== 'COMPLETED') {
      unfinished += 1;
      offenders.push(`workflow ${id} (${run.type}, ${type}) is ${run.status}, not COMPLETED`);
    }
  }
  const committed = new Set(events.map(({ id }) => id));
  const strangers = [...byId.keys()].filter((id) => !committed.has(id));
  for (const id of strangers) {
    offenders.push(`workflow ${id} belongs to ${rolledBack.has(id) ? 'a rolled-back event' : 'no event of this run'}`);
  }
  return checked(
    'workflows',
    'every committed event has exactly one workflow, a rolled-back one none',
    `${n(events.length)} events, ${n(byId.size)} workflows; ${n(rolledBack.size)} rolled back`,
    { workflows: byId.size, missing, duplicates, unfinished, strangers: strangers.length },
    offenders,
  );
}
