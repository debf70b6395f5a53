import { type Command } from 'commander';
import { everyType } from '../../outbox/pauses.sql';
import { type ConfigOf } from '../../runtime/config';
import { actOf } from '../acts/acts';
import { durationMs } from '../audit/audit';
import { columnLines } from '../terminal/columns';
import { mayGo } from '../terminal/confirm';
import { type Connections, type opsSettings, withConnections } from '../connections';
import { type OutboxAway } from '../outboxes';
import { type PauseTarget, pauseTarget } from './pause-target';
import { allPausedIn, allPausedText, longestPauseMs, pause, pausesInForce, resume } from './pauses';

interface PauseOptions {
  readonly until: string;
  readonly reason: string;
  readonly outbox?: string;
  readonly yes: boolean;
  readonly json?: boolean;
}

const whatText = (target: PauseTarget): string =>
  target.kind === 'channel'
    ? `deliveries by ${target.channel}`
    : target.types.includes(everyType)
      ? 'every event type'
      : target.types.join(', ');

async function pauseCommand(
  connections: Connections,
  what: string,
  { until, reason, json, yes }: PauseOptions,
): Promise<readonly OutboxAway[]> {
  const target = pauseTarget(what);
  const forMs = durationMs(until);
  if (forMs > longestPauseMs) throw new Error(`--until ${until}: at most ${longestPauseMs / 86_400_000} days`);
  const where = target.kind === 'channel' ? 'State' : connections.outboxes.names.join(', ');
  const waits =
    target.kind === 'channel' ? 'deliveries wait, and none is tried' : 'rows wait in order; what is started goes on';
  if (json !== true) console.log(`${whatText(target)} (${where}), for ${until}: ${waits}, and it ends by itself`);
  const go = await mayGo('pause it?', { yes, json });
  const act = actOf({ actor: connections.actor, command: 'pause', reason, planned: 1, details: { what, until } });
  const { places, away } = go ? await pause(connections, target, { forMs, act }) : { places: [], away: [] };
  const endsAt = new Date(Date.now() + forMs).toISOString();
  if (json === true) console.log(JSON.stringify({ what, places, endsAt: go ? endsAt : null }));
  else if (go) console.log(`paused until ${endsAt}; npx nova resume ${what} ends it before`);
  if (places.length === 0) process.exitCode = 1;
  return away;
}

async function resumeCommand(
  connections: Connections,
  what: string,
  { reason, json }: { readonly reason?: string; readonly json?: boolean },
): Promise<readonly OutboxAway[]> {
  const target = pauseTarget(what);
  const act = actOf({ actor: connections.actor, command: 'resume', reason, planned: 1, details: { what } });
  const { places, away } = await resume(connections, target, act);
  const stays = await allPausedIn(connections, target);
  if (json === true) console.log(JSON.stringify({ what, places, stillPausedByAll: stays.length > 0 }));
  else {
    console.log(
      places.length === 0
        ? `${whatText(target)}: not paused by hand`
        : `${whatText(target)} goes on (${places.join(', ')})`,
    );
    if (stays.length > 0) console.log(allPausedText(stays, connections));
  }
  if (places.length === 0) process.exitCode = 1;
  return away;
}

/** `nova pause`, `nova resume`, `nova pauses` */
export function addPauseCommands(
  program: Command,
  config: () => ConfigOf<typeof opsSettings>,
  incomplete: (away: readonly OutboxAway[]) => void,
): void {
  const outboxOption = ['--outbox <name>', 'only in this outbox (OUTBOXES); left out: in all'] as const;
  program
    .command('pause <what>')
    .description('hold back an event type, queue:<name>, channel:<name> or all for a while; it ends by itself')
    .option('--until <duration>', 'for 30m, 2h, at most 7d', '1h')
    .requiredOption('--reason <text>', 'why, shown wherever something waits for it')
    .option('--yes', 'do not ask', false)
    .option('--json', 'one object; does not ask, needs --yes to pause anything')
    .option(...outboxOption)
    .action(async (what: string, options: PauseOptions) => {
      incomplete(await withConnections(config(), (of) => pauseCommand(of, what, options), options.outbox));
    });
  program
    .command('resume <what>')
    .description('let go on what a person holds back; all: every event type')
    .option('--reason <text>', 'why, kept with the act')
    .option('--json')
    .option(...outboxOption)
    .action(async (what: string, options: { reason?: string; json?: boolean; outbox?: string }) => {
      incomplete(await withConnections(config(), (of) => resumeCommand(of, what, options), options.outbox));
    });
  program
    .command('pauses')
    .description('what people hold back now: who, why, until when')
    .option('--json')
    .option(...outboxOption)
    .action(async ({ json, outbox }: { json?: boolean; outbox?: string }) => {
      const { pauses, away } = await withConnections(config(), pausesInForce, outbox);
      const rows = pauses.map((one) => [
        ...[one.name === everyType ? 'all' : one.name, one.place, one.pausedBy, one.endsAt.toISOString(), one.reason],
      ]);
      if (json === true) console.log(JSON.stringify(pauses));
      else
        console.log(
          rows.length === 0
            ? 'nothing is paused by hand'
            : columnLines([['WHAT', 'WHERE', 'BY', 'UNTIL', 'WHY'], ...rows]).join('\n'),
        );
      incomplete(away);
    });
}
