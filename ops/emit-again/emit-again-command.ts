import { type Command } from 'commander';
import { spellingsOf } from '../../contracts/catalogue';
import { type ConfigOf } from '../../runtime/config';
import { actOf } from '../acts/acts';
import { durationMs } from '../audit/audit';
import { type Connections, type opsSettings, withConnections } from '../connections';
import { type OutboxAway } from '../outboxes';
import { columnLines } from '../terminal/columns';
import { mayGo } from '../terminal/confirm';
import { typeFrom } from '../terminal/option-values';
import { passingLine } from '../terminal/passing-line';
import { type EmittedRows, emittedWithin, livingEmitters, takeBack } from './emit-again';

interface EmitAgainOptions {
  readonly since: string;
  readonly type?: string;
  readonly outbox?: string;
  readonly reason: string;
  readonly whileEmitting: boolean;
  readonly yes: boolean;
  readonly json?: boolean;
}

/** `nova emit-again`: after Kafka has lost what it had. */
export function addEmitAgainCommand(
  program: Command,
  config: () => ConfigOf<typeof opsSettings>,
  incomplete: (away: readonly OutboxAway[]) => void,
): void {
  program
    .command('emit-again')
    .description(
      'after Kafka has lost topics: take back of rows that Kafka has them, so that a plan of replays sends them again in their order',
    )
    .requiredOption('--since <duration>', 'what Kafka acknowledged within 90m, 24h, 7d')
    .requiredOption('--reason <text>', 'why, kept with the act')
    .option('--type <event-type>', 'only events of this type')
    .option('--outbox <name>', 'only this outbox (OUTBOXES); left out: all')
    .option(
      '--while-emitting',
      'although workers of the queue kafka are alive: events may overtake earlier ones',
      false,
    )
    .option('--yes', 'do not ask', false)
    .option('--json', 'one object: plan and taken back; does not ask, needs --yes to change anything')
    .action(async (options: EmitAgainOptions) => {
      incomplete(await withConnections(config(), (of) => emitAgainCommand(of, options), options.outbox));
    });
}

async function emitAgainCommand(
  { pool, outboxes, actor, config }: Connections,
  { since, type, outbox: only, reason, whileEmitting, yes, json }: EmitAgainOptions,
): Promise<readonly OutboxAway[]> {
  const wanted = { sinceMs: durationMs(since), spellings: type === undefined ? null : spellingsOf(typeFrom(type)) };
  const emitters = await livingEmitters(pool, config.taskQueuePrefix);
  if (emitters > 0 && !whileEmitting)
    throw new Error(
      `${emitters} worker processes of the queue kafka are alive: what they send meanwhile would overtake what is to be sent again. Stop them ` +
        'first (a killed one counts for 15 s), or accept that with --while-emitting',
    );
  const { found, away } = await emittedWithin(outboxes, wanted);
  const planned = found.flatMap(({ types }) => types).reduce((sum, { count }) => sum + count, 0);
  if (json !== true) console.log(planText(found, since));
  const go = planned > 0 && (await mayGo('take back that Kafka has them?', { yes, json }));
  const details = { since, ...(type !== undefined && { type }), ...(only !== undefined && { outbox: only }) };
  const act = actOf({ actor, command: 'emit-again', reason, planned, details });
  const takenBack: Record<string, number> = {};
  const line = passingLine(json !== true);
  for (const { outbox, ...span } of go ? found : []) {
    takenBack[outbox] = await takeBack(outboxes.of({ outbox }), span, wanted.spellings, act, (rows) =>
      line.say(`${outbox}: ${rows} taken back`),
    );
  }
  line.clear();
  const total = Object.values(takenBack).reduce((sum, rows) => sum + rows, 0);
  if (json === true) console.log(JSON.stringify({ plan: found, takenBack }));
  else if (go) console.log(`${total} taken back. ${next(since)}`);
  if (total === 0) process.exitCode = 1;
  return away;
}

const next = (since: string): string =>
  `Start the workers, then send them: npx nova replays plan again --unsent --since <as long as events may wait, and ${since}> --reason "…"`;

function planText(found: readonly EmittedRows[], since: string): string {
  const lines = found.flatMap(({ outbox, types, more }) => [
    ...types.map(({ eventType, count, first, last }) => [
      outbox,
      eventType,
      String(count),
      first.toISOString(),
      last.toISOString(),
    ]),
    ...(more ? [[outbox, 'and more', '', '', '']] : []),
  ]);
  if (lines.length === 0) return `Kafka has acknowledged nothing within ${since}`;
  return [
    ...columnLines([['OUTBOX', 'TYPE', 'EVENTS', 'FIRST', 'LAST'], ...lines]),
    'subscribers get them again; they know events that they have handled by their ids',
  ].join('\n');
}
