import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Pool } from 'pg';
import { type Domain, domains as allDomains } from '../../contracts/events/define';
import * as sql from '../../outbox/moves.sql';
import { oneLine } from '../../runtime/errors';

/** A move as one of its two outboxes has it recorded. */
export interface MoveRecord {
  readonly id: string;
  readonly direction: 'in' | 'out';
  readonly other: string;
  readonly domains: readonly Domain[];
  readonly begunAt: Date;
  readonly floor: number | null;
  readonly acceptedAt: Date | null;
  readonly openedAt: Date | null;
  readonly endedAt: Date | null;
  /** Aggregates that wait for the other outbox. */
  readonly waiting: number;
}

/** The two outboxes of a move. */
export interface MovePlace {
  readonly from: { readonly name: string; readonly pool: Pool };
  readonly to: { readonly name: string; readonly pool: Pool };
}

export async function movesOf(pool: Pool): Promise<readonly MoveRecord[]> {
  return (await pool.query<MoveRecord>(sql.listMoves)).rows;
}

/** @throws Error for a word that is no domain */
export function domainsFrom(text: string): Domain[] {
  const given = text.split(',').map((word) => word.trim());
  const wrong = given.filter((word) => !(allDomains as readonly string[]).includes(word));
  if (wrong.length > 0) throw new Error(`no domain ${wrong.join(', ')}; there are ${allDomains.join(', ')}`);
  return [...new Set(given)] as Domain[];
}

/** The move between the two that has not come to its switch; undefined: there is none. */
export async function preparedMove({ from, to }: MovePlace): Promise<MoveRecord | undefined> {
  const moves = await movesOf(to.pool);
  return moves.find((move) => move.direction === 'in' && move.other === from.name && move.acceptedAt === null);
}

/** From now on the new outbox refuses the domains, until the old one does. Again: the move that was prepared before. */
export async function prepareMove(place: MovePlace, domains: readonly Domain[]): Promise<MoveRecord> {
  const there = await preparedMove(place);
  if (there === undefined) await place.to.pool.query(sql.expectMove, [randomUUID(), place.from.name, domains]);
  const move = there ?? (await preparedMove(place));
  if (move === undefined) throw new Error('the move was cancelled meanwhile');
  const same = move.domains.length === domains.length && domains.every((domain) => move.domains.includes(domain));
  if (same) return move;
  throw new Error(`a move of ${move.domains.join(', ')} is prepared: switch it first, or cancel it`);
}

/** Writers that were open when the old outbox began to refuse. `pids`: their server processes, as far as they have one. */
export interface OpenWriters {
  readonly transactions: readonly string[];
  readonly pids: readonly number[];
}

export type Switched =
  { readonly done: true } | { readonly done: false; readonly open: OpenWriters; readonly why: string };

/**
 * The old outbox refuses the domains; when the writers that were open have ended, the new one takes them. In between neither does. If they
 * have not ended after `patienceMs`, or the new outbox does not take them, the old one takes them again, and the move stays prepared. When
 * this process is killed in between, the same call goes on.
 */
export async function switchMove({ from, to }: MovePlace, move: MoveRecord, patienceMs: number): Promise<Switched> {
  const { id, domains } = move;
  const deadline = performance.now() + patienceMs;
  await finishTakingBack({ from, to });
  await from.pool.query(sql.handOver, [id, to.name, domains]);
  const first = await openWriters(from.pool, id);
  let left = first;
  let why = '';
  let mayAccept = false;
  for (;;) {
    if (left.transactions.length > 0) why = 'transactions that have written there are open';
    else {
      try {
        const out = (await movesOf(from.pool)).find((one) => one.id === id && one.direction === 'out');
        if (out?.floor == null) throw new Error('the switch was taken back meanwhile');
        mayAccept = true;
        await to.pool.query(sql.accept, [id, out.floor]);
        return { done: true };
      } catch (thrown) {
        // Its reply may have been lost.
        const there = await movesOf(to.pool).catch(() => []);
        if (there.some((one) => one.id === id && one.acceptedAt !== null)) return { done: true };
        why = `the outbox ${to.name} does not take them: ${oneLine(thrown)}`;
      }
    }
    if (performance.now() > deadline) break;
    await pause(50);
    const now = await openWriters(from.pool, id);
    left = {
      transactions: now.transactions.filter((one) => first.transactions.includes(one)),
      pids: now.pids.filter((one) => first.pids.includes(one)),
    };
  }
  await takeBack({ from, to }, move, mayAccept);
  return { done: false, open: left, why };
}

async function openWriters(pool: Pool, id: string): Promise<OpenWriters> {
  const { rows } = await pool.query<{ transaction: string; pid: number | null }>(sql.noteSwitch, [id]);
  return { transactions: rows.map(({ transaction }) => transaction), pids: rows.flatMap(({ pid }) => pid ?? []) };
}

/**
 * First the new outbox, when it may have been asked to accept: once it has cancelled, nothing can make it accept this move, and the old
 * one may take rows again.
 */
async function takeBack({ from, to }: MovePlace, { id }: MoveRecord, mayAccept: boolean): Promise<void> {
  if (mayAccept) {
    const again = await to.pool.query<{ cancelled: boolean }>(sql.cancelMove, [id, randomUUID()]);
    if (again.rows[0]?.cancelled !== true) throw new Error('another process has finished the switch, or taken it back');
  }
  await from.pool.query(sql.cancelMove, [id, null]);
}

/** A process was killed while it took a switch back: the old outbox still refuses what the new one has cancelled. */
async function finishTakingBack({ from, to }: MovePlace): Promise<void> {
  const out = (await movesOf(from.pool)).filter(({ direction, other }) => direction === 'out' && other === to.name);
  const { rows } = await to.pool.query<{ id: string }>(sql.takenBack, [out.map(({ id }) => id)]);
  for (const { id } of rows) await from.pool.query(sql.cancelMove, [id, null]);
}

/** Takes a prepared move back. False: there is none. */
export async function cancelMove(place: MovePlace): Promise<boolean> {
  const move = await preparedMove(place);
  if (move !== undefined) await place.to.pool.query(sql.cancelMove, [move.id, null]);
  await finishTakingBack(place);
  return move !== undefined;
}
