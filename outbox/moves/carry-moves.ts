import { type Domain } from '../../contracts/events/define';
import { limitedQuery } from '../../runtime/limited-query';
import { type Database } from '../../runtime/postgres';
import * as sql from '../moves.sql';

interface Arriving {
  readonly id: string;
  readonly other: string;
  readonly domains: readonly Domain[];
  readonly open: boolean;
}

interface Unfinished {
  readonly aggregateId: string | null;
  readonly eventId: string | null;
  readonly sequence: number | null;
}

/** What a move waits for. `unfinished`: aggregates; null: more than are counted. */
export interface MoveUnderWay {
  readonly id: string;
  readonly other: string;
  readonly open: boolean;
  readonly unfinished: number | null;
}

/** With more aggregates under way in the old outbox than this, all of the new one waits: each is a probe, every second or two. */
const mostWalked = 2_000;

const patience = { serverMs: 10_000, waitMs: 12_000 };

/**
 * Carries on the moves to an outbox that its operator has switched (docs/decisions/0022-moving.md): opens it when it is known which aggregates
 * have earlier events in the old outbox, and lets each of these go when it has none any more. Any number of processes may do it at
 * once: what is over in the old outbox stays over, since that takes no rows of these domains any more.
 *
 * `of`: the old outbox; undefined when the settings do not name it. Returns what is under way still.
 */
export async function carryMoves(
  outbox: Database,
  of: (name: string) => Database | undefined,
): Promise<readonly MoveUnderWay[]> {
  const { rows: moves } = await outbox.query<Arriving>(sql.arriving);
  const left: MoveUnderWay[] = [];
  for (const move of moves) {
    const old = of(move.other);
    if (old === undefined) left.push({ ...move, unfinished: null });
    else if (move.open) left.push(...(await letGo(outbox, old, move)));
    else left.push(await open(outbox, old, move));
  }
  return left;
}

async function open(outbox: Database, old: Database, move: Arriving): Promise<MoveUnderWay> {
  const { rows } = await limitedQuery<Unfinished & { walked: number }>(
    old,
    { text: sql.unfinished, values: [move.domains, mostWalked] },
    patience,
  );
  if ((rows[0]?.walked ?? 0) >= mostWalked) return { ...move, unfinished: null };
  const waiting = rows.filter(({ aggregateId }) => aggregateId !== null);
  await outbox.query(sql.open, [
    move.id,
    waiting.map(({ aggregateId }) => aggregateId),
    waiting.map(({ eventId }) => eventId),
    waiting.map(({ sequence }) => sequence),
  ]);
  return { ...move, open: true, unfinished: waiting.length };
}

async function letGo(outbox: Database, old: Database, move: Arriving): Promise<MoveUnderWay[]> {
  const { rows } = await outbox.query<{ aggregateId: string }>(sql.waitingFor, [move.other]);
  const waiting = rows.map(({ aggregateId }) => aggregateId);
  const statement = { text: sql.unfinishedAmong, values: [move.domains, waiting] };
  const unfinished = waiting.length === 0 ? [] : (await limitedQuery<Unfinished>(old, statement, patience)).rows;
  const over = waiting.filter((id) => !unfinished.some(({ aggregateId }) => aggregateId === id));
  // Also with none: that ends the move.
  if (waiting.length > 0 && over.length === 0) return [{ ...move, unfinished: waiting.length }];
  const { waiting: still } = (await outbox.query<{ waiting: number | null }>(sql.letGo, [move.id, over])).rows[0]!;
  return still === 0 ? [] : [{ ...move, unfinished: still }];
}
