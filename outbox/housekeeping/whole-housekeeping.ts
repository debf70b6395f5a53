import { type Pool } from 'pg';
import { oneLine } from '../../runtime/errors';
import { type Logger } from '../../runtime/logger';
import { housekeepingChore, outboxTable } from '../partitions.sql';
import { holderOfChore, stateHousekeepingChore } from './chores';
import { type NeededEvents, readNeededEvents } from './needed-events';
import { type OutboxHousekeepingDeps, type OutboxReport, keepOutbox } from './outbox-housekeeping';
import { type StateHousekeepingDeps, type StateReport, keepState } from './state-housekeeping';
import { type TurnOptions } from './turn-of-steps';

export type WholeHousekeepingDeps = StateHousekeepingDeps & Pick<OutboxHousekeepingDeps, 'patienceMs'>;

/** What a turn at each did. */
export interface WholeReport {
  readonly outboxes: Readonly<Record<string, OutboxReport>>;
  readonly state: StateReport | null;
  /** Which process is at it instead, by the name of the outbox or `State`. */
  readonly busy: Readonly<Record<string, string>>;
  /** Why it was not done to its end, likewise. */
  readonly failed: Readonly<Record<string, string>>;
}

/**
 * State, each outbox, and State again: deliveries are ended before days are looked at, and ledger rows go after their day, all in one go.
 * What fails or is busy keeps nothing else from being done. `only`: that outbox and nothing else.
 */
export async function keepWhole(
  deps: WholeHousekeepingDeps,
  options: TurnOptions,
  only?: string,
): Promise<WholeReport> {
  const outboxes: Record<string, OutboxReport> = {};
  const busy: Record<string, string> = {};
  const failed: Record<string, string> = {};
  const attempt = async <T>(where: string, turn: () => Promise<T | undefined>, holder: () => Promise<string>) => {
    if (options.signal.aborted) return undefined;
    try {
      const report = await turn();
      if (report === undefined) busy[where] = await holder();
      return report;
    } catch (thrown) {
      failed[where] = oneLine(thrown);
      return undefined;
    }
  };
  const atState = () =>
    attempt(
      'State',
      () => keepState(deps, options),
      () => holderOf(deps.state, stateHousekeepingChore),
    );
  const ended = only === undefined ? await atState() : undefined;
  for (const name of only === undefined ? deps.outboxes.names : [only]) {
    const outbox = deps.outboxes.of({ outbox: name });
    const report = await attempt(
      name,
      () => keepOutbox({ ...deps, outbox, neededByState: neededBy(deps.state, deps.logger) }, options),
      () => holderOf(outbox, housekeepingChore),
    );
    if (report !== undefined) outboxes[name] = report;
  }
  const again = ended !== undefined && Object.values(outboxes).some(isLess) ? await atState() : undefined;
  const state = ended === undefined || again === undefined ? (ended ?? null) : sumOf(ended, again);
  return { outboxes, state, busy, failed };
}

/** For the housekeeping of an outbox: what State needs of it. */
export const neededBy = (state: Pool, logger: Logger) => (): Promise<NeededEvents> =>
  readNeededEvents(state, { logger });

async function holderOf(database: Pool, chore: string): Promise<string> {
  const { rows } = await database.query<{ holder: string | null }>(holderOfChore, [chore]);
  return rows[0]?.holder ?? 'another process';
}

const isLess = ({ dropped, expired }: OutboxReport): boolean =>
  Object.keys(dropped).length > 0 || (expired[outboxTable] ?? 0) > 0;

function sumOf(first: StateReport, second: StateReport): StateReport {
  const tables = new Set([...Object.keys(first.expired), ...Object.keys(second.expired)]);
  return {
    ...second,
    ended: {
      unknown: first.ended.unknown + second.ended.unknown,
      skipped: first.ended.skipped + second.ended.skipped,
      examples: [...first.ended.examples, ...second.ended.examples].slice(0, 3),
    },
    expired: Object.fromEntries(
      [...tables].map((table) => [table, (first.expired[table] ?? 0) + (second.expired[table] ?? 0)]),
    ),
  };
}
