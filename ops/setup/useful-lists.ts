import { catalogue } from '../../contracts/catalogue';
import { searchAttributes } from '../../contracts/search-attributes';
import { onTaskQueuesOf } from '../../runtime/task-queues';
import { webUiUrl } from '../../runtime/temporal-web-ui';

/** A list of runs, as the Web UI and `temporal workflow list --query` take it. */
export interface UsefulList {
  readonly of: string;
  readonly query: string;
  /** Null: no Web UI is known. */
  readonly url: string | null;
}

/** Longer than any run takes that waits for nothing (the longest budget of the audit). */
const longMs = 15 * 60_000;

/** Names that a later version may add; a list of one that is not registered is refused by Temporal. */
const isThere = (attribute: string): boolean => attribute in searchAttributes;

/**
 * Lists that people look for. The Web UI keeps its saved views in the browser, so that no server can set them: a link can be given.
 * @param id of a post, person, conversation, …: adds the lists of it
 * @param nowMs "long ago" is counted from it: Temporal's queries have no "now"
 */
export function usefulLists(
  of: { readonly temporalUiUrl: string; readonly temporalNamespace: string; readonly taskQueuePrefix: string },
  { id, nowMs }: { readonly id: string | null; readonly nowMs: number },
): UsefulList[] {
  // Only this deployment's: several may share a namespace.
  const ours = onTaskQueuesOf(of.taskQueuePrefix);
  const longAgo = new Date(nowMs - longMs).toISOString();
  const queries: [of: string, query: string][] = [
    ['open runs', `ExecutionStatus = "Running"`],
    ['open for more than 15 minutes (stuck, or waiting)', `ExecutionStatus = "Running" AND StartTime < "${longAgo}"`],
    ['with a paused activity', `ExecutionStatus = "Running" AND TemporalPauseInfo IS NOT NULL`],
    ['ended badly', `ExecutionStatus IN ("Failed", "TimedOut", "Terminated", "Canceled")`],
    ...(isThere('FailureCode')
      ? [['with a failure code: failed, or waiting', 'FailureCode IS NOT NULL'] satisfies [string, string]]
      : []),
    ['ended, and did less than usual (unclaimed, stopped, skipped)', `Outcome IS NOT NULL`],
    ['critical ones that are open', `EventPriority = "critical" AND ExecutionStatus = "Running"`],
    ['caused by a user (one of them: --of <id>)', 'ActorId IS NOT NULL'],
    ...(id === null
      ? []
      : ([
          [`about ${id}`, `AggregateId = "${id}"`],
          [`caused by ${id}`, `ActorId = "${id}"`],
        ] satisfies [string, string][])),
    ...catalogue.map(({ type }): [string, string] => [type, `EventType = "${type}"`]),
  ];
  return queries.map(([name, condition]) => {
    const query = `${condition} AND ${ours}`;
    return { of: name, query, url: webUiUrl(of.temporalUiUrl, of.temporalNamespace, query) };
  });
}
