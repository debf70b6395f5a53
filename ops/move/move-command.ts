import { setTimeout as pause } from 'node:timers/promises';
import { carryMoves } from '../../outbox/moves/carry-moves';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { type OutboxConfig, outboxesOf } from '../../runtime/outboxes';
import { actOf, doingElsewhere } from '../acts/acts';
import { mayGo } from '../terminal/confirm';
import {
  type MovePlace,
  type MoveRecord,
  type OpenWriters,
  cancelMove,
  domainsFrom,
  movesOf,
  prepareMove,
  preparedMove,
  switchMove,
} from './move';
import { type OutboxAway, askEach } from '../outboxes';

export interface MoveOptions {
  readonly from: string;
  readonly to: string;
  readonly domains?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly wait?: string;
  readonly reason?: string;
}

interface Means {
  readonly outboxes: OutboxPools;
  readonly config: OutboxConfig;
  readonly actor: string;
}

/** Does a step of a move, with an act in each of the two outboxes. */
async function recorded<T>(
  { place, means, options }: { readonly place: MovePlace; readonly means: Means; readonly options: MoveOptions },
  step: 'prepare' | 'switch' | 'cancel',
  domains: readonly string[],
  work: () => Promise<{ readonly value: T; readonly done: number }>,
): Promise<T> {
  const { from, to } = place;
  const details = { from: from.name, to: to.name, domains };
  const act = actOf({
    actor: means.actor,
    command: `move ${step}`,
    reason: options.reason,
    planned: domains.length,
    details,
  });
  return doingElsewhere(from.pool, act, domains, async () => {
    let done = 0;
    const value = await doingElsewhere(to.pool, act, domains, async () => {
      const result = await work();
      done = result.done;
      return result;
    });
    return { value, done };
  });
}

const bridgesOf = `
  SELECT count(*)::int AS bridges FROM nova.bridge_instances WHERE heartbeat_at > now() - interval '30 s' AND state <> 'refused'`;

/** @throws Error, NovaError UNKNOWN_OUTBOX */
function placeOf(outboxes: OutboxPools, { from, to }: MoveOptions): MovePlace {
  if (from === to) throw new Error('--from and --to are the same outbox');
  return {
    from: { name: from, pool: outboxes.of({ outbox: from }) },
    to: { name: to, pool: outboxes.of({ outbox: to }) },
  };
}

/** Why these outboxes cannot make the move now; empty: they can. */
async function obstacles({ from, to }: MovePlace, { config }: Means, domains: readonly string[]): Promise<string[]> {
  const all = outboxesOf(config);
  const mayNot = [from, to].flatMap(({ name }) => {
    const may = all.find((outbox) => outbox.name === name)?.domains;
    const missing = may === undefined ? [] : domains.filter((domain) => !may.some((one) => one === domain));
    if (missing.length === 0) return [];
    return [
      `${missing.join(', ')} is not in the domains of the outbox ${name} (OUTBOXES): both have it until the move has ended`,
    ];
  });
  const { bridges } = (await to.pool.query<{ bridges: number }>(bridgesOf)).rows[0] ?? { bridges: 0 };
  const idle = `no bridge serves the outbox ${to.name}: list it in OUTBOXES of bridges and workers, and restart them`;
  return [...mayNot, ...(bridges === 0 ? [idle] : [])];
}

/** What every step says: a line for people, or one object. */
function say(json: boolean | undefined, lines: readonly string[], value: object): void {
  console.log(json === true ? JSON.stringify(value) : lines.join('\n'));
}

export async function prepareCommand(means: Means, options: MoveOptions): Promise<void> {
  const domains = domainsFrom(options.domains ?? '');
  const place = placeOf(means.outboxes, options);
  const { from, to } = place;
  const names = domains.join(', ');
  const why = await obstacles(place, means, domains);
  const plan = [
    `${names}: from the outbox ${from.name} to ${to.name}`,
    `${to.name} refuses them (OUTBOX_NOT_OPEN) until the switch; nothing changes for ${from.name}`,
  ];
  if (options.json !== true) console.log([...plan, ...why].join('\n'));
  const go = why.length === 0 && (await mayGo('prepare it?', options));
  const prepare = async () => ({ value: await prepareMove(place, domains), done: domains.length });
  const done = go ? await recorded({ place, means, options }, 'prepare', domains, prepare) : null;
  if (options.json === true)
    say(true, [], { plan: { from: from.name, to: to.name, domains }, obstacles: why, prepared: done });
  else if (done !== null)
    console.log(
      `prepared: deploy the service so that it repeats in ${to.name} what ${from.name} refuses, then: npx nova move switch`,
    );
  if (done === null) process.exitCode = 1;
}

export async function switchCommand(means: Means, options: MoveOptions): Promise<void> {
  const place = placeOf(means.outboxes, options);
  const { from, to } = place;
  const move = await preparedMove(place);
  if (move === undefined) throw new Error(`no move from ${from.name} to ${to.name} is prepared (npx nova move status)`);
  const names = move.domains.join(', ');
  const why = await obstacles(place, means, move.domains);
  const seconds = Number(options.wait);
  if (!(seconds >= 1 && seconds <= 600)) throw new Error('--wait takes 1 to 600 seconds');
  if (options.json !== true)
    console.log(
      [
        `${names}: ${from.name} refuses them from now on (OUTBOX_MOVED), and ${to.name} takes them once the transactions that are open in ${from.name} have ended`,
        `if they have not within ${seconds} s, ${from.name} takes them again, and nothing has changed`,
        ...why,
      ].join('\n'),
    );
  const go = why.length === 0 && (await mayGo('switch?', options));
  const change = async () => {
    const value = await switchMove(place, move, seconds * 1_000);
    return { value, done: value.done ? move.domains.length : 0 };
  };
  const result = go ? await recorded({ place, means, options }, 'switch', move.domains, change) : null;
  if (result?.done === true) await untilOpen(place, seconds * 1_000);
  const now = result?.done === true ? ((await movesOf(to.pool)).find(({ id }) => id === move.id) ?? null) : null;
  if (options.json === true)
    say(true, [], {
      obstacles: why,
      switched: result?.done === true,
      why: result?.done === false ? result : null,
      move: now,
    });
  else if (result?.done === false)
    console.log(`not switched: ${result.why}${openText(result.open)}; ${from.name} takes ${names} again`);
  else if (now !== null) console.log(`switched: ${arrivalText(now)}`);
  if (result?.done !== true) process.exitCode = 1;
}

const openText = ({ transactions, pids }: OpenWriters): string =>
  transactions.length === 0
    ? ''
    : ` (${transactions.length}; server processes ${pids.join(', ')}, see pg_stat_activity)`;

/** Bridges carry it on; so does this command while a person looks on. */
async function untilOpen({ from, to }: MovePlace, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  const of = (name: string) => (name === from.name ? from.pool : undefined);
  while ((await carryMoves(to.pool, of)).some(({ other, open }) => other === from.name && !open)) {
    if (performance.now() > deadline) return;
    await pause(200);
  }
}

export async function cancelCommand(means: Means, options: MoveOptions): Promise<void> {
  const place = placeOf(means.outboxes, options);
  const move = await preparedMove(place);
  if (options.json !== true)
    console.log(
      move === undefined
        ? 'no move is prepared'
        : `the move of ${move.domains.join(', ')} is taken back; nothing of it has happened`,
    );
  const cancel = async (of: readonly string[]) => {
    const value = await cancelMove(place);
    return { value, done: value ? of.length : 0 };
  };
  const cancelled =
    move !== undefined &&
    (await mayGo('cancel it?', options)) &&
    (await recorded({ place, means, options }, 'cancel', move.domains, () => cancel(move.domains)));
  if (options.json === true) say(true, [], { move: move ?? null, cancelled });
  else if (cancelled) console.log('cancelled');
  if (!cancelled) process.exitCode = 1;
}

/** All moves to the outboxes, and what each waits for. Returns the outboxes that could not be asked. */
export async function moveStatusCommand({ outboxes }: Means, json: boolean): Promise<readonly OutboxAway[]> {
  const { said, away } = await askEach(outboxes, (pool) => movesOf(pool));
  const moves = said.flatMap(({ outbox, value }) =>
    value.filter(({ direction }) => direction === 'in').map((move) => ({ to: outbox, ...move })),
  );
  say(
    json,
    moves.length === 0 ? ['no moves'] : moves.map((move) => `${move.other} → ${move.to}: ${arrivalText(move)}`),
    { moves },
  );
  return away;
}

function arrivalText({ domains, other, acceptedAt, openedAt, endedAt, floor, waiting }: MoveRecord): string {
  const names = domains.join(', ');
  if (acceptedAt === null) return `${names} prepared; still written in ${other} (next: npx nova move switch)`;
  const since = `${names} written here since ${acceptedAt.toISOString()}, above sequence ${floor}`;
  if (openedAt === null)
    return `${since}; not started yet: ${other} has many earlier events that are not on Kafka, or no bridge carries it on`;
  if (endedAt === null) return `${since}; ${waiting} aggregates wait for earlier events in ${other}`;
  return `${since}; ended ${endedAt.toISOString()}: may be taken out of the domains of ${other}`;
}
