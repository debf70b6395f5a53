import { groupBy } from '../../runtime/group-by';
import { thousands as n } from '../report/thousands';
import { checked, type CheckResult } from './check';
import { type Run } from './evidence';
import { badlyEnded, eventOf } from './replays';
import { type Truth } from './truth';

/** Sentences, by what is wrong. */
export interface RunFaults {
  readonly missing: readonly string[];
  /** Several first runs of one workflow id. */
  readonly duplicates: readonly string[];
  readonly unfinished: readonly string[];
  /** Of events that were rolled back, or that are unknown. */
  readonly strangers: readonly string[];
}

type Known = Pick<Truth, 'events' | 'rolledBack'> & {
  /** Events whose run may still be open: uploads that no post claims wait out their hour. */
  readonly waiting?: ReadonlySet<string>;
};

/**
 * Every event has one first run, and it came to a good end: its last run completed, or a replay after it did. A run that
 * went on as new ones is still one. Every run has its event.
 */
export function runFaults({ events, rolledBack, waiting }: Known, runs: readonly Run[]): RunFaults {
  const known = new Map(events.map((event) => [event.id, event]));
  const byId = groupBy(runs, ({ workflowId }) => workflowId);
  const isDue = ({ workflowId, status }: Run) => !(status === 'RUNNING' && waiting?.has(workflowId) === true);
  const typeOf = (workflowId: string) => known.get(eventOf(workflowId))?.type ?? 'no known event';
  return {
    missing: events.filter(({ id }) => !byId.has(id)).map(({ id, type }) => `event ${id} (${type}) has no workflow`),
    duplicates: [...byId].flatMap(([id, all]) => {
      const chains = new Set(all.map(({ firstRunId }) => firstRunId));
      const list = all.map(({ runId, status }) => `${runId} ${status}`).join(', ');
      return chains.size > 1 ? [`event ${id} was started ${chains.size} times: ${list}`] : [];
    }),
    unfinished: badlyEnded(runs.filter(isDue)).map(
      ({ workflowId, runId, type, status }) =>
        `workflow ${workflowId} (${type}, ${typeOf(workflowId)}, run ${runId}) is ${status}, not COMPLETED`,
    ),
    strangers: [...byId.keys()]
      .filter((id) => !known.has(eventOf(id)))
      .map((id) => `workflow ${id} belongs to ${rolledBack.has(id) ? 'a rolled-back event' : 'no event of this run'}`),
  };
}

/** Every committed event has exactly one workflow, and it completed; rolled-back events have none. */
export function checkWorkflows(
  truth: Known,
  runs: readonly Run[],
  /** Outbox rows that do not agree with what the services committed. */
  unaccounted: readonly string[] = [],
): CheckResult {
  const { missing, duplicates, unfinished, strangers } = runFaults(truth, runs);
  const workflows = new Set(runs.map(({ workflowId }) => workflowId)).size;
  return checked(
    'workflows',
    'every committed event has exactly one workflow, a rolled-back one none',
    `${n(truth.events.length)} events, ${n(workflows)} workflows; ${n(truth.rolledBack.size)} rolled back`,
    {
      workflows,
      missing: missing.length + unaccounted.length,
      duplicates: duplicates.length,
      unfinished: unfinished.length,
      strangers: strangers.length,
    },
    [...unaccounted, ...missing, ...duplicates, ...unfinished, ...strangers],
  );
}
