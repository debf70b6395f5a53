import { hostname } from 'node:os';
import { type Pool } from 'pg';
import { type KeepDays } from '../../outbox/housekeeping/ledgers';
import { readNeededEvents } from '../../outbox/housekeeping/needed-events';
import {
  type OpenRuns,
  dueDays,
  examplesOf,
  explained,
  readNeeds,
  reasonsToKeep,
} from '../../outbox/housekeeping/partitions';
import { type WholeReport, keepWhole } from '../../outbox/housekeeping/whole-housekeeping';
import { createLogger } from '../../runtime/logger';
import { type OutboxPools } from '../../runtime/outbox-pools';

export interface CommandDeps {
  readonly state: Pool;
  readonly outboxes: OutboxPools;
  readonly retentionDays: number;
  readonly keepDays: KeepDays;
  readonly openRuns: () => Promise<OpenRuns>;
  readonly isOpen: (eventId: string) => Promise<boolean>;
}

/** What housekeeping would do with each partition that is old enough, by outbox. */
export type HousekeepingPlan = Readonly<Record<string, OutboxPlan>>;

interface OutboxPlan {
  readonly drop: readonly string[];
  readonly keep: Readonly<Record<string, string>>;
}

/** Looks and changes nothing. `only`: at one outbox. */
export async function planHousekeeping(
  deps: Pick<CommandDeps, 'state' | 'outboxes' | 'retentionDays' | 'openRuns'>,
  only?: string,
): Promise<HousekeepingPlan> {
  const plan: Record<string, OutboxPlan> = {};
  for (const outbox of only === undefined ? deps.outboxes.names : [only])
    plan[outbox] = await planOutbox(deps, deps.outboxes.of({ outbox }));
  return plan;
}

async function planOutbox(
  { state, retentionDays, openRuns }: Pick<CommandDeps, 'state' | 'retentionDays' | 'openRuns'>,
  outbox: Pool,
): Promise<OutboxPlan> {
  const drop: string[] = [];
  const keep: Record<string, string> = {};
  const needs = await readNeeds({ openRuns, neededByState: () => readNeededEvents(state) });
  for (const { name } of await dueDays(outbox, retentionDays)) {
    const reasons = await reasonsToKeep(outbox, name, { retentionDays, needs });
    if (Object.keys(reasons).length === 0) drop.push(name);
    else keep[name] = explained(reasons) + named(await examplesOf(outbox, name, needs));
  }
  return { drop, keep };
}

function named(examples: readonly string[]): string {
  return examples.length === 0 ? '' : ` (for example ${examples.join(', ')})`;
}

/** Does what bridges do every hour, now: at State and at every outbox, or at `only` one outbox. */
export async function runHousekeeping(deps: CommandDeps, only?: string): Promise<WholeReport> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('interrupted')));
  const whole = {
    ...deps,
    ...{ logger: createLogger('nova', 'error'), holder: `nova on ${hostname()}`, patienceMs: 60_000 },
  };
  return keepWhole(whole, { asked: true, signal: stop.signal }, only);
}
