import { type Command } from 'commander';
import { type ConfigOf } from '../../runtime/config';
import { actOf, doingElsewhere } from '../acts/acts';
import { durationMs } from '../audit/audit';
import { mayGo } from '../terminal/confirm';
import { type Connections, type opsSettings, withConnections } from '../connections';
import { foundEvents } from './found-events';
import { type OutboxAway } from '../outboxes';
import { planReplays, startReplays } from './replay';
import { replayDoneText, replayPlanText } from './replay-print';
import { checkedIds, limitFrom, outboxOption } from '../terminal/option-values';

interface ReplayOptions {
  readonly outbox?: string;
  readonly found?: boolean;
  readonly type?: string;
  readonly since?: string;
  readonly limit: string;
  readonly reason?: string;
  readonly again: boolean;
  readonly yes: boolean;
  readonly json?: boolean;
}

/**
 * Plans, asks (or takes --yes), and starts. Exit code 1 when an event that was named is not replayed. Returns the outboxes that could
 * not be asked.
 */
async function replayCommand(
  connections: Connections,
  ids: readonly string[],
  options: ReplayOptions,
): Promise<readonly OutboxAway[]> {
  if (ids.length === 0 && options.found !== true)
    throw new Error('replay what? Name event ids, or --found for what the audit has found');
  const found = options.found === true ? await findEvents(connections, options) : { ids: [], away: [] };
  const all = [...new Set([...ids, ...found.ids].map((id) => id.toLowerCase()))];
  const { plans, away } = await planReplays(connections, all, options);
  const possible = plans.filter(({ refused }) => refused === null);
  if (options.json !== true) console.log(replayPlanText(plans));
  const go = possible.length > 0 && (await mayGo(`start ${possible.length} replays?`, options));
  if (go) await connections.checkDeployment([...new Set(possible.flatMap(({ outbox }) => outbox ?? []))]);
  const started = go ? await startRecorded(connections, possible, options) : [];
  if (options.json === true) console.log(JSON.stringify({ plan: plans, started }));
  else if (go) console.log(replayDoneText(started));
  if (started.length < plans.length) process.exitCode = 1;
  return away.length > 0 ? away : found.away;
}

function startRecorded(
  connections: Connections,
  plans: Parameters<typeof startReplays>[1],
  { reason, found, type, since, again }: ReplayOptions,
): Promise<string[]> {
  const details = { ...(again ? { again } : {}), ...(found === true ? { found, type, since } : {}) };
  const act = actOf({ actor: connections.actor, command: 'replay', reason, planned: plans.length, details });
  const ids = plans.map(({ id }) => id);
  return doingElsewhere(connections.pool, act, ids, async () => {
    const value = await startReplays(connections, plans, { reason: act.reason, by: act.actor });
    return { value, done: value.length };
  });
}

function findEvents(connections: Connections, { type, since, limit }: ReplayOptions) {
  const sinceMs = since === undefined ? null : durationMs(since);
  return foundEvents(connections, { type: type ?? null, sinceMs, limit: limitFrom(limit) });
}

/** `nova replay` */
export function addReplayCommand(
  program: Command,
  config: () => ConfigOf<typeof opsSettings>,
  incomplete: (away: readonly OutboxAway[]) => void,
): void {
  program
    .command('replay [event-id...]')
    .description(
      'start a further run of events whose run ended badly, or was deleted or forgotten; what was done is not done again',
    )
    .option('--found', 'every event with an open finding of the audit that a replay ends')
    .option('--type <event-type>', 'with --found: only this event type')
    .option('--since <duration>', 'with --found: only findings first seen within 90m, 24h, 7d')
    .option('--limit <n>', 'with --found: at most', '100')
    .option('--reason <text>', 'why, kept with the replay')
    .option('--again', 'also events of which a run has completed', false)
    .option('--yes', 'do not ask', false)
    .option('--json', 'one object: plan and started; does not ask, needs --yes to start anything')
    .option(...outboxOption)
    .action(async (ids: string[], options: ReplayOptions) => {
      checkedIds(ids);
      incomplete(await withConnections(config(), (of) => replayCommand(of, ids, options), options.outbox));
    });
}
