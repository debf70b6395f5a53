import { type Command } from 'commander';
import { type DeliveryState, deliveryStates } from '../../activities/notify/pg-delivery-ledger';
import { didYouMean } from '../../contracts/near-words';
import { type ConfigOf } from '../../runtime/config';
import { isUuid } from '../../runtime/uuid';
import { type Act, actOf } from '../acts/acts';
import { columnLines } from '../terminal/columns';
import { mayGo } from '../terminal/confirm';
import { type Connections, type opsSettings, withConnections } from '../connections';
import {
  type Delivery,
  deliveriesOf,
  deliveryFrom,
  deliveryName,
  makePending,
  namedDeliveries,
  settleByHand,
  undecided,
  unknownDeliveries,
} from './deliveries';
import { limitFrom } from '../terminal/option-values';
import { type OutboxAway } from '../outboxes';
import { type PlannedReplay, planReplays, startReplays } from '../replay/replay';

/** Which deliveries: those that are named, those of an event, or all of unknown outcome. */
interface Selection {
  readonly event?: string;
  readonly all?: boolean;
  readonly limit: string;
}

interface ActOptions extends Selection {
  readonly reason?: string;
  readonly yes: boolean;
  readonly json?: boolean;
}

interface Refusal {
  readonly delivery: string;
  readonly why: string;
}

interface Chosen {
  readonly possible: readonly Delivery[];
  readonly refused: readonly Refusal[];
}

async function choose(
  { pool }: Connections,
  names: readonly string[],
  options: Selection,
  from: readonly DeliveryState[],
): Promise<Chosen> {
  const limit = limitFrom(options.limit);
  const given = [names.length > 0, options.event !== undefined, options.all === true].filter(Boolean).length;
  if (given !== 1) throw new Error('which deliveries? Name them, or --event <event id>, or --all of unknown outcome');
  if (options.all === true) return { possible: await unknownDeliveries(pool, limit), refused: [] };
  if (options.event !== undefined) {
    const all = await deliveriesOf(pool, { eventId: eventFrom(options.event), only: null, limit });
    return { possible: all.filter(({ state }) => from.includes(state)), refused: [] };
  }
  const wanted = names.map(deliveryFrom);
  const found = new Map((await namedDeliveries(pool, wanted)).map((one) => [deliveryName(one), one]));
  const refused = wanted.map(deliveryName).flatMap((delivery): Refusal[] => {
    const state = found.get(delivery)?.state;
    if (state === undefined) return [{ delivery, why: 'there is none of this name' }];
    return from.includes(state) ? [] : [{ delivery, why: `it is ${state}, not ${from.join(' or ')}` }];
  });
  return { possible: [...found.values()].filter(({ state }) => from.includes(state)), refused };
}

function eventFrom(id: string): string {
  if (!isUuid(id)) throw new Error(`--event ${id}: not a UUID`);
  return id.toLowerCase();
}

function stateFrom(text: string): DeliveryState {
  const state = deliveryStates.find((one) => one === text);
  if (state === undefined)
    throw new Error(`--state ${text} is none of ${deliveryStates.join(', ')}${didYouMean(text, deliveryStates)}`);
  return state;
}

async function list(
  { pool }: Connections,
  { event, state, limit, json }: { event?: string; state?: string; limit: string; json?: boolean },
): Promise<void> {
  const only = state === undefined ? null : stateFrom(state);
  if (event === undefined && only !== null && only !== 'unknown')
    throw new Error(
      `--state ${only} needs --event <event id>: over all events only those of unknown outcome are listed`,
    );
  const found =
    event === undefined
      ? await unknownDeliveries(pool, limitFrom(limit))
      : await deliveriesOf(pool, { eventId: eventFrom(event), only, limit: limitFrom(limit) });
  if (json === true)
    return void console.log(JSON.stringify(found.map((one) => ({ delivery: deliveryName(one), ...one }))));
  console.log(found.length === 0 ? 'no delivery of unknown outcome' : tableOf(found));
}

const tableOf = (of: readonly Delivery[]): string =>
  columnLines([
    ['DELIVERY', 'KIND', 'STATE', 'TRIES', 'AT', 'REASON'],
    ...of.map((one) => [
      ...[deliveryName(one), one.kind, one.state, String(one.attempts), one.at.toISOString(), one.reason ?? ''],
    ]),
  ]).join('\n');

async function settle(connections: Connections, names: readonly string[], options: ActOptions & { as: string }) {
  const { as, reason, json } = options;
  if (as !== 'sent' && as !== 'failed') throw new Error(`--as ${as}: sent or failed, whichever you found out`);
  const { possible, refused } = await choose(connections, names, options, ['unknown']);
  if (json !== true) planned(possible, refused, `are recorded as ${as}; nothing is sent`);
  const go = possible.length > 0 && (await mayGo(`record ${possible.length} deliveries as ${as}?`, options));
  const { pool, actor } = connections;
  const act = actOf({ actor, command: 'deliveries settle', reason, planned: possible.length, details: { as } });
  const settled = go ? await settleByHand(pool, possible, { as, act }) : [];
  finish({ possible, refused, done: settled.map(deliveryName), options, word: 'settled' });
}

async function resend(
  connections: Connections,
  names: readonly string[],
  options: ActOptions,
): Promise<readonly OutboxAway[]> {
  const { reason, json } = options;
  const chosen = await choose(connections, names, options, undecided);
  const events = [...new Set(chosen.possible.map(({ eventId }) => eventId))];
  const { plans, away } = await planReplays(connections, events, { again: true });
  const why = new Map(plans.map(({ id, refused }) => [id, refused]));
  const possible = chosen.possible.filter(({ eventId }) => why.get(eventId) === null);
  const refused = [
    ...chosen.refused,
    ...chosen.possible.flatMap((one) => {
      const not = why.get(one.eventId);
      return not == null ? [] : [{ delivery: deliveryName(one), why: not }];
    }),
  ];
  if (json !== true)
    planned(possible, refused, 'are sent by a further run of their events, if their people still want them');
  const lost = possible.filter(({ state }) => state === 'unknown').length;
  const warning = lost === 0 ? '' : ` ${lost} of them may have arrived already.`;
  const go = possible.length > 0 && (await mayGo(`send ${possible.length} deliveries again?${warning}`, options));
  const { actor } = connections;
  const act = actOf({ actor, command: 'deliveries resend', reason, planned: possible.length });
  const done = go ? await sendAgain(connections, possible, plans, act) : [];
  finish({ possible, refused, done, options, word: 'sent again' });
  return away;
}

/** Event by event: one that is interrupted has left no delivery pending without a run but those of its last event. */
async function sendAgain(
  connections: Connections,
  which: readonly Delivery[],
  plans: readonly PlannedReplay[],
  act: Act,
): Promise<string[]> {
  const ids = new Set(which.map(({ eventId }) => eventId));
  await connections.checkDeployment([
    ...new Set(plans.flatMap(({ id, outbox }) => (ids.has(id) ? (outbox ?? []) : []))),
  ]);
  const done: string[] = [];
  for (const plan of plans.filter(({ id }) => ids.has(id))) {
    const its = which.filter(({ eventId }) => eventId === plan.id);
    const open = await makePending(connections.pool, its, act);
    if (open.length === 0) continue;
    await startReplays(connections, [plan], { reason: act.reason, by: act.actor });
    done.push(...open.map(deliveryName));
  }
  return done;
}

function planned(possible: readonly Delivery[], refused: readonly Refusal[], what: string): void {
  for (const { delivery, why } of refused) console.log(`${delivery} is left as it is: ${why}`);
  if (possible.length === 0) console.log('no delivery to decide about');
  else console.log(`${tableOf(possible)}\nthese ${possible.length} ${what}`);
}

/** Exit code 1: not all that was chosen is done. */
function finish(of: {
  readonly possible: readonly Delivery[];
  readonly refused: readonly Refusal[];
  readonly done: readonly string[];
  readonly options: ActOptions;
  readonly word: string;
}): void {
  const { possible, refused, done, options, word } = of;
  if (options.json === true) console.log(JSON.stringify({ plan: possible.map(deliveryName), refused, done }));
  else if (done.length > 0) console.log(`${word}: ${done.length}`);
  if (done.length < possible.length + refused.length || possible.length === 0) process.exitCode = 1;
}

/** `nova deliveries list | resend | settle` */
export function addDeliveryCommands(
  program: Command,
  config: () => ConfigOf<typeof opsSettings>,
  incomplete: (away: readonly OutboxAway[]) => void,
): void {
  const deliveries = program
    .command('deliveries')
    .description('messages to people: whether they arrived, and what is done about those of which it is not known');
  deliveries
    .command('list')
    .description('those of unknown outcome, the newest first; or those of an event')
    .option('--event <id>', 'of this event, whatever their state')
    .option('--state <state>', 'with --event: only these')
    .option('--limit <n>', 'at most', '100')
    .option('--json')
    .action((options: Parameters<typeof list>[1]) => withConnections(config(), (of) => list(of, options)));
  const act = (name: string, description: string): Command =>
    deliveries
      .command(`${name} [delivery...]`)
      .description(description)
      .option('--event <id>', 'those of this event that can be decided about')
      .option('--all', 'all of unknown outcome')
      .option('--limit <n>', 'with --event and --all: at most', '100')
      .option('--reason <text>', 'why, kept with the deliveries')
      .option('--yes', 'do not ask', false)
      .option('--json', 'one object: plan, refused, done; does not ask, needs --yes to do anything');
  act('settle', 'record what you have found out of deliveries of unknown outcome; nothing is sent')
    .requiredOption('--as <state>', 'sent or failed')
    .action((names: string[], options: ActOptions & { as: string }) =>
      withConnections(config(), (of) => settle(of, names, options)),
    );
  act('resend', 'send deliveries again that failed, or of unknown outcome: those may arrive twice').action(
    async (names: string[], options: ActOptions) => {
      incomplete(await withConnections(config(), (of) => resend(of, names, options)));
    },
  );
}
