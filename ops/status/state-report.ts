import { type Pool } from 'pg';
import { type WaitingDeliveries, waitingDeliveries } from '../../outbox-bridge/waiting-deliveries';
import { type FeedStoreLine, feedStoreReport } from './feed-store-report';
import { type OpenFindings, countsByKind, openFindings } from '../audit/open-findings';
import { type WorkerProcess, workerProcesses } from '../../runtime/worker-processes';
import { skippedDeliveries } from './skipped-deliveries';

const unknownDeliveries = `SELECT count(*) AS count FROM nova.notification_deliveries WHERE state = 'unknown'`;

/** What the tables of State say: all but those of the outboxes. */
export interface StateReport {
  /** How many open findings of the audit, by kind; kinds without any are left out. */
  readonly kinds: Readonly<Record<string, number>>;
  /** The same, by the outbox that they are of. */
  readonly findings: readonly OpenFindings[];
  readonly deliveriesWaiting: readonly WaitingDeliveries[];
  readonly deliveriesUnknown: number;
  /** Messages of the last day that were not sent, by reason. */
  readonly deliveriesSkipped: Readonly<Record<string, number>>;
  readonly feedStores: readonly FeedStoreLine[];
  /** Worker processes that live, and those that were killed within the last hour. */
  readonly workers: readonly WorkerProcess[];
}

export async function stateReport(pool: Pool): Promise<StateReport> {
  const [findings, deliveriesWaiting, unknown, deliveriesSkipped, feedStores, workers] = await Promise.all([
    openFindings(pool),
    waitingDeliveries(pool),
    pool.query<{ count: number }>(unknownDeliveries),
    skippedDeliveries(pool),
    feedStoreReport(pool),
    workerProcesses(pool),
  ]);
  const deliveriesUnknown = unknown.rows[0]?.count ?? 0;
  return {
    kinds: countsByKind(findings),
    findings,
    deliveriesWaiting,
    deliveriesUnknown,
    deliveriesSkipped,
    feedStores,
    workers,
  };
}
