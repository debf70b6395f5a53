import { hostname } from 'node:os';
import { type Connection } from '@temporalio/client';
import { type Pool } from 'pg';
import { type Registry } from 'prom-client';
import { type ConfigOf } from '../runtime/config';
import { type Logger } from '../runtime/logger';
import { type OutboxPools } from '../runtime/outbox-pools';
import { type ChoreFailures, Periodic } from '../runtime/periodic';
import { type ServerSettings, withSetting } from '../runtime/which-setting';
import { type AloneGate } from './alone-gate';
import { type AttemptLimits } from './attempt';
import { type AllMetrics } from './metrics';
import { type WorkflowStarter } from './ports';
import { type bridgeSettings } from './settings';
import { type PollBudget } from './poll-budget';
import { type SharedOutage } from './shared-outage';
import { type StartPaces } from './start-paces';
import { type StartSlots } from './start-slots';
import { type StartWindow } from './start-window';

export type BridgeConfig = ConfigOf<typeof bridgeSettings>;

/** What the loops of all outboxes have in common, and State's chores with them. */
export interface Shared {
  readonly config: BridgeConfig;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly metrics: AllMetrics;
  readonly connection: Connection;
  readonly state: Pool;
  /** Of all outboxes of the deployment, also those that this process does not serve. */
  readonly outboxes: OutboxPools;
  readonly starter: WorkflowStarter;
  readonly window: StartWindow;
  readonly slots: StartSlots;
  readonly paces: StartPaces;
  readonly gate: AloneGate;
  readonly polls: PollBudget;
  /** Temporal's. */
  readonly outage: SharedOutage;
  /** Its guard against a forgotten run follows the retention of the namespace. */
  readonly limits: { -readonly [K in keyof AttemptLimits]: AttemptLimits[K] };
  readonly instanceId: string;
  readonly failures: ChoreFailures;
  /** Outboxes that this process serves. */
  readonly count: number;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export const instanceOf = (pid: number): string => `${hostname()}-${pid}`;

/**
 * Makes the chores that need a database: what all chores of the process meet is said once. `of`: the outbox, where there are
 * several; each wait is a little longer or shorter then, so that the chores of many databases do not all fall into one moment.
 */
export function choresOf(
  { failures }: Pick<Shared, 'failures'>,
  { logger, settings, of }: { readonly logger: Logger; readonly settings: ServerSettings; readonly of?: string },
) {
  const reporting = { failures, explain: (thrown: unknown) => withSetting(thrown, settings) };
  const options = { logger, ...reporting };
  const named = (name: string): string => (of === undefined ? name : `${name} of ${of}`);
  const some = (ms: number): number => (of === undefined ? ms : ms * (0.8 + 0.4 * Math.random()));
  return {
    reporting,
    named,
    /** `work` returns the milliseconds until the next turn. */
    looks: (name: string, retryMs: number, work: () => Promise<number>) =>
      new Periodic(named(name), async () => some(await work()), { ...options, retryMs }),
    every: (name: string, everyMs: number, work: () => Promise<unknown>) =>
      new Periodic(named(name), async () => (await work(), some(everyMs)), {
        ...{ ...options, retryMs: Math.min(everyMs, 5_000) },
      }),
  };
}
