import { hostname } from 'node:os';
import { type Pool } from 'pg';
import { type HousekeepingReport, doHousekeeping } from '../outbox/housekeeping/housekeeping';
import { type KeepDays } from '../outbox/housekeeping/ledgers';
import { type OpenRuns, dueDays, explained, examplesOf, reasonsToKeep } from '../outbox/housekeeping/partitions';
import { holderOfHousekeeping } from '../outbox/partitions.sql';
import { createLogger } from '../runtime/logger';

export interface CommandDeps {
  readonly pool: Pool;
  readonly retentionDays: number;
  readonly keepDays: KeepDays;
  readonly openRuns: () => Promise<OpenRuns>;
  readonly isOpen: (eventId: string) => Promise<boolean>;
}

/** What housekeeping would do with each partition that is old enough. */
export interface HousekeepingPlan {
  readonly drop: readonly string[];
  readonly keep: Readonly<Record<string, string>>;
}

/** Looks and changes nothing. */
export async function planHousekeeping({
  pool,
  retentionDays,
  openRuns,
}: Omit<CommandDeps, 'isOpen' | 'keepDays'>): Promise<HousekeepingPlan> {
  const drop: string[] = [];
  const keep: Record<string, string> = {};
  const options = { retentionDays, openRuns: await openRuns() };
  for (const { name } of await dueDays(pool, retentionDays)) {
    const reasons = await reasonsToKeep(pool, name, options);
    if (Object.keys(reasons).length === 0) drop.push(name);
    else keep[name] = explained(reasons) + named(await examplesOf(pool, name, reasons));
  }
  return { drop, keep };
}

function named(examples: readonly string[]): string {
  return examples.length === 0 ? '' : ` (for example ${examples.join(', ')})`;
}

/**
 * Does what a bridge does every hour, now.
 * @throws when a bridge is at it, naming that one
 */
export async function runHousekeeping(deps: CommandDeps): Promise<HousekeepingReport> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('interrupted')));
  const report = await doHousekeeping(
    {
      ...deps,
      logger: createLogger('ops', 'error'),
      holder: `ops on ${hostname()}`,
      patienceMs: 60_000,
    },
    { asked: true, signal: stop.signal },
  );
  if (report !== undefined) return report;
  const { rows } = await deps.pool.query<{ holder: string | null }>(holderOfHousekeeping);
  throw new Error(`${rows[0]?.holder ?? 'another process'} is at it: its turn ends within ten minutes even if it died`);
}
