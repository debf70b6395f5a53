import { didYouMean } from '../../contracts/near-words';
import { durationMs } from '../audit/audit';
import { type BadRun, type BadRunFilter, type BadStatus, badRuns, badStatuses } from './bad-runs';
import { type Connections } from '../connections';
import { foundRuns, lostRuns } from './found-runs';
import { limitFrom } from '../terminal/option-values';
import { passingLine } from '../terminal/passing-line';
import { type OutboxAway } from '../outboxes';
import { deliveriesOf, freezePlan, groupsOf, planOf } from './replay-plans';
import { groupsText } from './replays-print';

export interface PlanOptions {
  readonly type?: string;
  readonly since?: string;
  readonly status?: string;
  readonly code?: string;
  readonly build?: string;
  readonly aggregate?: string;
  readonly found?: boolean;
  readonly lost?: boolean;
  readonly unsent?: boolean;
  readonly limit: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** What a search has come to; nothing is changed by it. */
interface Search {
  readonly runs: readonly BadRun[];
  /** Left out, since a run of theirs is open or completed. */
  readonly healed: number;
  /** Left out, by why they cannot be replayed. */
  readonly refused: ReadonlyMap<string, number>;
  /** There are more than --limit. */
  readonly more: boolean;
  readonly away: readonly OutboxAway[];
}

type OnLook = (looked: number, meant: number) => void;

/** Looks for the runs that are meant, shows them by cause, and freezes them under a name; nothing is replayed by it. Returns the outboxes that could not be asked. */
export async function planCommand(
  connections: Connections,
  name: string,
  options: PlanOptions,
): Promise<readonly OutboxAway[]> {
  checkName(name);
  const { reason, json, dryRun = false } = options;
  if (reason === undefined && !dryRun)
    throw new Error('--reason: it is kept with the plan and with each run, so that others know why');
  const { pool, actor } = connections;
  if (!dryRun && (await planOf(pool, name)) !== undefined)
    throw new Error(`there is a plan ${name} already: npx nova replays show ${name}`);
  const line = passingLine(json !== true);
  const found = await search(connections, options, (looked, meant) =>
    line.say(`${looked} events looked at, ${meant} are meant`),
  );
  line.clear();
  const { runs, healed, more, away } = found;
  const groups = groupsOf(runs);
  const deliveries = await deliveriesOf(
    pool,
    runs.map(({ eventId }) => eventId),
  );
  // A plan that lacks what an outbox did not say would be taken for all there is.
  const frozen = !dryRun && runs.length > 0 && away.length === 0;
  if (frozen) await freezePlan(pool, { name, filter: filterOf(options), reason: reason ?? '', actor, runs });
  const refused = [...found.refused].map(([why, events]) => ({ why, events }));
  if (json === true)
    console.log(JSON.stringify({ name, frozen, events: runs.length, healed, refused, more, deliveries, groups }));
  else console.log(groupsText({ name, groups, deliveries, healed, refused, more, frozen }));
  if (runs.length === 0) process.exitCode = 1;
  return away;
}

async function search(connections: Connections, options: PlanOptions, onLook: OnLook): Promise<Search> {
  const { type = null, since } = options;
  const sinceMs = since === undefined ? null : durationMs(since);
  const limit = limitFrom(options.limit);
  const [mode, ...otherModes] = (['found', 'lost', 'unsent'] as const).filter((one) => options[one] === true);
  if (mode === undefined) {
    const { taskQueuePrefix } = connections.config;
    const filter = badRunFilter(options, sinceMs);
    const found = await badRuns(connections, { filter, taskQueuePrefix, limit }, onLook);
    return { ...found, refused: new Map(), away: [] };
  }
  const ofRuns = (['status', 'code', 'build', 'aggregate'] as const).filter((one) => options[one] !== undefined);
  const [other] = [...otherModes, ...ofRuns];
  if (other !== undefined) throw new Error(`--${mode} goes with --type, --since and --limit, but not with --${other}`);
  if (mode === 'found') {
    const found = await foundRuns(connections, { type, sinceMs, limit }, onLook);
    return { ...found, healed: 0 };
  }
  if (sinceMs === null)
    throw new Error(`--${mode} needs --since: how long ago what is meant was started, for example 24h`);
  if (mode === 'lost') await checkRemembered(connections, sinceMs);
  const found = await lostRuns(connections, { lost: mode, type, limit, sinceMs }, onLook);
  return { ...found, healed: 0 };
}

/** Of what is older Temporal may have forgotten the run, as it should: that is no loss. */
async function checkRemembered({ retentionGuardMs }: Connections, sinceMs: number): Promise<void> {
  const rememberedMs = await retentionGuardMs();
  if (sinceMs <= rememberedMs) return;
  const hours = Math.floor(rememberedMs / 3_600_000);
  throw new Error(
    `--lost --since: Temporal surely knows the runs of the last ${hours} hours alone; of what is older it may have forgotten runs that completed`,
  );
}

function badRunFilter(options: PlanOptions, sinceMs: number | null): BadRunFilter {
  const { type = null, code = null, build = null, aggregate: aggregateId = null } = options;
  return { type, sinceMs, statuses: statusesFrom(options.status), code, aggregateId, build };
}

/** As it was asked for. */
function filterOf({ type, since, status, code, build, aggregate, found, lost, unsent }: PlanOptions): object {
  return { type, since, status, code, build, aggregate, found, lost, unsent };
}

function statusesFrom(text: string | undefined): BadStatus[] {
  return (text ?? '')
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const status = badStatuses.find((one) => one === part);
      if (status === undefined)
        throw new Error(`--status ${part} is none of ${badStatuses.join(', ')}${didYouMean(part, badStatuses)}`);
      return status;
    });
}

/** Of names that are ids, too: of the run, and in State. */
function checkName(name: string): void {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name))
    throw new Error(`${name} is no name of a plan: small letters, digits and -, 63 at most, for example inc-17`);
}
