import { type Command } from 'commander';
import { signalDeleted } from '../../client/signal-deleted';
import { type ConfigOf } from '../../runtime/config';
import { actOf, doingElsewhere } from '../acts/acts';
import { durationMs } from '../audit/audit';
import { type Connections, type opsSettings, withConnections } from '../connections';
import { type OutboxAway } from '../outboxes';
import { mayGo } from '../terminal/confirm';
import { checkedIds, outboxOption } from '../terminal/option-values';
import { type PlannedSignal, type Subject, planSignals, subjectFrom } from './signal-plan';

interface SignalOptions {
  readonly conversation?: string;
  readonly hold: string;
  readonly reason?: string;
  readonly outbox?: string;
  readonly yes: boolean;
  readonly json?: boolean;
}

interface Signalled {
  readonly id: string;
  /** Runs that were open and got the signal. */
  readonly runs: readonly string[];
}

const longestHoldMs = 3_600_000;

/** @throws Error that says what is allowed */
function holdMsFrom(text: string): number {
  const ms = durationMs(text);
  if (ms < 1_000 || ms > longestHoldMs) throw new Error(`--hold ${text}: from 1s to 60m`);
  return ms;
}

/**
 * Plans, asks (or takes --yes), and signals as a service does. Exit code 1 when one that was named is not signalled. Returns the
 * outboxes that could not be asked.
 */
async function signalDelete(
  connections: Connections,
  what: string,
  given: readonly string[],
  options: SignalOptions,
): Promise<readonly OutboxAway[]> {
  const { conversation, hold, reason, yes, json } = options;
  const subject = subjectFrom(what);
  const ids = checkedIds(given);
  if ((subject === 'message') !== (conversation !== undefined))
    throw new Error(
      '--conversation <id> goes with a message, and a message needs it: its events are of its conversation',
    );
  if (conversation !== undefined) checkedIds([conversation]);
  const holdMs = holdMsFrom(hold);
  const { plans, away } = await planSignals(connections, subject, { ids, conversation });
  const possible = plans.filter(({ refused }) => refused === null);
  if (json !== true) console.log(planText(subject, plans, hold));
  const go = possible.length > 0 && (await mayGo(`hold ${possible.length} back for ${hold}?`, { yes, json }));
  const signalled: Signalled[] = [];
  for (const outbox of go ? new Set(possible.map((plan) => plan.outbox ?? '')) : [])
    signalled.push(
      ...(await signalIn(connections, {
        ...{ subject, outbox, holdMs, reason },
        plans: possible.filter((plan) => plan.outbox === outbox),
      })),
    );
  if (json === true) console.log(JSON.stringify({ plan: plans, signalled }));
  for (const { id, runs } of json === true ? [] : signalled)
    console.log(
      `${id} is held back; ${runs.length} open runs got the signal. npx nova why ${id} says what became of it`,
    );
  if (signalled.length < plans.length) process.exitCode = 1;
  return away;
}

/** One act, before and after: the runs are in Temporal, where no transaction reaches. */
async function signalIn(
  { outboxes, workflows, actor, checkDeployment }: Connections,
  of: {
    readonly subject: Subject;
    readonly outbox: string;
    readonly holdMs: number;
    readonly reason: string | undefined;
    readonly plans: readonly PlannedSignal[];
  },
): Promise<Signalled[]> {
  const { subject, outbox, holdMs, reason, plans } = of;
  await checkDeployment([outbox]);
  const pool = outboxes.of({ outbox });
  const details = { subject, holdMs };
  const act = actOf({ actor, command: 'signal delete', reason, planned: plans.length, details });
  const ids = plans.map(({ id }) => id);
  return doingElsewhere(pool, act, ids, async () => {
    const signalled: Signalled[] = [];
    for (const { id, aggregateId } of plans) {
      const why = `signalled by ${actor}${act.reason === null ? '' : `: ${act.reason}`}`;
      const deleted = { aggregateType: subject, aggregateId, subjectId: id, holdMs, reason: why };
      signalled.push({ id, runs: await signalDeleted({ pool, workflows }, deleted) });
    }
    return { value: signalled, done: signalled.length, result: { runs: signalled.flatMap(({ runs }) => runs) } };
  });
}

function planText(subject: Subject, plans: readonly PlannedSignal[], hold: string): string {
  return [
    ...plans.flatMap(({ id, outbox, open, heldUntil, refused }) => {
      if (refused !== null) return [`${subject} ${id} is not signalled: ${refused}`];
      return [
        `${subject} ${id} (outbox ${outbox}): nothing of it goes out for ${hold}; ${open.length === 0 ? 'no run of it is open' : 'these runs are signalled:'}`,
        ...open.map((run) => `  ${run.id} ${run.eventType}`),
        ...(heldUntil === null ? [] : [`  it is held back already, until ${heldUntil.toISOString()}`]),
      ];
    }),
    ...(plans.some(({ refused }) => refused === null)
      ? [
          'a signal deletes nothing: the delete event of its service does, and takes back what went out before; without it, what waited goes on when the hold ends',
        ]
      : []),
  ].join('\n');
}

/** `nova signal delete` */
export function addSignalCommand(
  program: Command,
  config: () => ConfigOf<typeof opsSettings>,
  incomplete: (away: readonly OutboxAway[]) => void,
): void {
  program
    .command('signal')
    .description('say by hand what services say of their deletes')
    .command('delete <what> <id...>')
    .description('hold back a post, message or user whose delete is under way, as signalDeleted of a service does')
    .option('--conversation <id>', 'of messages: the conversation that they are in')
    .option('--hold <duration>', 'how long, if no delete event comes: 30s, 5m, at most 60m', '5m')
    .option('--reason <text>', 'why, kept with the act and with what is held back')
    .option('--yes', 'do not ask', false)
    .option('--json', 'one object: plan and signalled; does not ask, needs --yes to signal anything')
    .option(...outboxOption)
    .action(async (what: string, ids: string[], options: SignalOptions) => {
      incomplete(await withConnections(config(), (of) => signalDelete(of, what, ids, options), options.outbox));
    });
}
