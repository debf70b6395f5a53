import { type Pool } from 'pg';
import { definitionOf } from '../../contracts/catalogue';
import { type FailureCode } from '../../contracts/failures';
import { giveUp, pendingOfType, typesOfRows } from '../../outbox/operators.sql';
import { type Act, doing } from '../acts/acts';

const code: FailureCode = 'UNKNOWN_EVENT_TYPE';
/** Rows of one statement: a bridge or a writer of the same aggregates waits for no more. */
const batch = 500;

export interface GiveUpRequest {
  readonly ids: readonly string[];
  /** Spelling of an event type, as the rows have it. */
  readonly type: string | null;
  /** Rows of that type, at most. */
  readonly limit: number;
}

export interface GiveUpPlan {
  readonly rows: readonly { readonly id: string; readonly eventType: string }[];
  /** There are more of that type than the limit. */
  readonly more: boolean;
  readonly refused: readonly { readonly id: string; readonly why: string }[];
}

/**
 * Which pending rows would be given up: of a type that is in no catalogue, so that nothing was started of them.
 * @throws when the type is known: its rows are started, or wait for a reason that `nova status` shows
 */
export async function planGiveUp(pool: Pool, { ids, type, limit }: GiveUpRequest): Promise<GiveUpPlan> {
  if (type !== null && definitionOf(type) !== undefined)
    throw new Error(`${type} is a type of this version (docs/events.md): its rows are started, not given up`);
  const rows =
    type === null ? [] : (await pool.query<{ id: string; eventType: string }>(pendingOfType, [type, limit + 1])).rows;
  type Named = { readonly id: string; readonly eventType: string; readonly pending: boolean };
  const named = new Map((await pool.query<Named>(typesOfRows, [ids])).rows.map((row) => [row.id, row]));
  const refused = ids.flatMap((id) => {
    const why = whyRefused(named.get(id.toLowerCase()));
    return why === null ? [] : [{ id, why }];
  });
  const possible = [...named.values()].filter((row) => whyRefused(row) === null);
  return {
    rows: [...possible, ...rows.slice(0, limit).filter(({ id }) => !named.has(id))].map(({ id, eventType }) => ({
      id,
      eventType,
    })),
    more: rows.length > limit,
    refused,
  };
}

function whyRefused(row: { readonly eventType: string; readonly pending: boolean } | undefined): string | null {
  if (row === undefined) return 'it has no outbox row: it was never committed, or its partition is gone';
  if (!row.pending) return 'it is not pending';
  if (definitionOf(row.eventType) !== undefined)
    return `this version knows its type ${row.eventType}: npx nova show says what it waits for`;
  return null;
}

/** Makes these rows dead letters. Returns the ids that became one: not those that a bridge holds or a newer version knows. */
export async function giveUpRows(pool: Pool, ids: readonly string[], act: Act): Promise<string[]> {
  const why = act.reason === null ? '' : `: ${act.reason.slice(0, 300)}`;
  const error = `${code}: given up by ${act.actor}${why}`;
  const done: string[] = [];
  for (let from = 0; from < ids.length; from += batch) {
    const some = ids.slice(from, from + batch);
    const givenUp = await doing(pool, act, async (database) => {
      const { rows } = await database.query<{ id: string }>(giveUp, [some, error]);
      const value = rows.map(({ id }) => id);
      return { value, ids: value };
    });
    done.push(...givenUp);
  }
  return done;
}
