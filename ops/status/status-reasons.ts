import { emitMs, pendingMs } from '../../activities/audit/limits';
import { type PriorityName } from '../../contracts/priority';
import { hotRows, hotShare } from '../../outbox/thresholds';
import { fillsInboxes } from '../../outbox-bridge/waiting-runs';
import { type OutboxesReport, livingBridge } from './outbox-report';
import { type Status } from './status-said';

/** Waits shorter than this end by themselves more often than not. */
export const longSeconds = 60;

/** Why a person should look; empty: there is no reason. */
export function reasons(said: Omit<Status, 'lookAt'>): string[] {
  const { taskQueues, waitingRuns: runs, pausedRuns: paused } = said;
  const unserved = (taskQueues ?? []).filter(({ served }) => !served);
  const stuck = (runs?.waitFor ?? []).filter(
    ({ outage, activity, oldestSeconds }) => oldestSeconds > longSeconds && (outage || fillsInboxes(activity)),
  );
  const held = (said.deliveriesWaiting ?? []).filter(
    ({ tried, oldestSeconds }) => tried > 0 && oldestSeconds > longSeconds,
  );
  const all: Record<string, boolean> = {
    'dead letters': (said.deadLettered ?? 0) > 0,
    ...withoutBridge(said),
    'rows that wait longer than they should': (said.pending ?? []).some(
      ({ priority, oldestSeconds }) => oldestSeconds * 1_000 > (pendingMs[priority as PriorityName] ?? pendingMs.low),
    ),
    'an aggregate that has most of what waits': hotOutboxes(said).length > 0,
    'started events that are not on Kafka': (said.unemitted ?? []).some((of) => of.oldestSeconds * 1_000 > emitMs),
    'paused event types': (said.bridges ?? []).some(
      (bridge) => livingBridge(bridge) && Object.keys(bridge.pausedTypes).length > 0,
    ),
    'deliveries of unknown outcome': (said.deliveriesUnknown ?? 0) > 0,
    'open findings of the audit': Object.keys(said.kinds ?? {}).length > 0,
    'deliveries that wait': held.length > 0,
    'paused activities, or Temporal does not say': paused !== 0,
    'the audit is paused': said.auditSchedule.state === 'paused',
    ...Object.fromEntries(said.servers.map(({ server, failed }) => [`no reply from ${server}`, failed !== null])),
    'task queues without workers': unserved.length > 0,
    'activities that wait for a dependency': stuck.length > 0,
    'activities whose code throws': (runs?.waitFor ?? []).some(({ throwing }) => throwing > 0),
    'runs that stand still': (runs?.standStill ?? []).length > 0,
  };
  return Object.keys(all).filter((reason) => all[reason]);
}

/** Outboxes of whose pending rows one aggregate has most, and many. */
function hotOutboxes({ hottest = [], pending = [] }: Partial<OutboxesReport>): string[] {
  const all = (outbox: string) =>
    pending.reduce((sum, { outbox: of, rows }) => sum + (of === outbox ? Number(rows) : 0), 0);
  return hottest
    .filter(({ outbox, rows }) => rows > hotRows && rows > hotShare * all(outbox))
    .map(({ outbox }) => outbox);
}

/** Each outbox needs a bridge of its own that works; where there are several, they are named. */
function withoutBridge({ outboxes = [], bridges = [] }: Partial<OutboxesReport>): Record<string, boolean> {
  const idle = outboxes.filter(({ outbox }) =>
    bridges
      .filter((one) => one.outbox === outbox && livingBridge(one))
      .every(({ state }) => state === 'outage' || state === 'refused'),
  );
  const names = outboxes.length > 1 ? ` for ${idle.map(({ outbox }) => outbox).join(', ')}` : '';
  return { [`no bridge that works${names}`]: idle.length > 0 };
}
