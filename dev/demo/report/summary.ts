import { type PriorityName } from '../../../contracts/priority';
import { type CheckResult } from '../../../proof/checks/check';
import { type Latencies } from './latency';
import { type Percentiles } from '../../../proof/report/percentiles';

/** What a run came to: what `--json` prints. */
export interface Summary {
  readonly ok: boolean;
  readonly run: string;
  readonly seed: number;
  readonly events: number;
  readonly rolledBack: number;
  readonly transactions: number;
  readonly workflows: number;
  /** Events without a workflow or without a message, and notifications, e-mails and links that are due and not there. */
  readonly missing: number;
  /** Anything that is there twice: a workflow, a message, a notification, an e-mail, a link. */
  readonly duplicates: number;
  readonly outOfOrder: number;
  readonly feedMismatches: number;
  readonly kafkaMessages: number;
  readonly follows: number;
  /** Committed events per second while the traffic ran. */
  readonly eventsPerSecond: number;
  /** From the last commit until everything was done. */
  readonly settleMs: number;
  readonly totalMs: number;
  readonly latencyMs: Partial<Record<PriorityName, Percentiles>>;
  readonly latency: Latencies;
  /** What was still missing when the wait for the end was given up; empty when everything settled. */
  readonly unsettled: readonly string[];
  readonly checks: readonly CheckResult[];
  readonly webUi: string | null;
}

type Measured = Omit<
  Summary,
  'ok' | 'workflows' | 'missing' | 'duplicates' | 'outOfOrder' | 'feedMismatches' | 'kafkaMessages' | 'latencyMs'
>;

export function summarize(run: Measured): Summary {
  const total = (count: string): number => run.checks.reduce((sum, check) => sum + (check.counts[count] ?? 0), 0);
  return {
    ok: run.unsettled.length === 0 && run.checks.every((check) => check.ok),
    ...run,
    workflows: total('workflows'),
    missing: total('missing'),
    duplicates: total('duplicates'),
    outOfOrder: total('outOfOrder'),
    feedMismatches: total('feedMismatches'),
    kafkaMessages: total('kafkaMessages'),
    latencyMs: run.latency.firstEffect,
  };
}
