import { userInfo } from 'node:os';
import { type Pool } from 'pg';
import { limitFrom } from './option-values';
import { definitionOf } from '../contracts/catalogue';
import { type FailureCode } from '../contracts/failures';
import { giveUp, pendingOfType, typesOfRows } from '../outbox/operators.sql';
import { confirmed } from './confirm';

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
 * @throws when the type is known: its rows are started, or wait for a reason that `ops status` shows
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
    return `this version knows its type ${row.eventType}: ops show says what it waits for`;
  return null;
}

/** Makes these rows dead letters. Returns the ids that became one: not those that a bridge holds or a newer version knows. */
export async function giveUpRows(pool: Pool, ids: readonly string[], reason: string | null): Promise<string[]> {
  const why = reason === null ? '' : `: ${reason.slice(0, 300)}`;
  const error = `${code}: given up by ${userInfo().username}${why}`;
  const done: string[] = [];
  for (let from = 0; from < ids.length; from += batch) {
    const { rows } = await pool.query<{ id: string }>(giveUp, [ids.slice(from, from + batch), error]);
    done.push(...rows.map(({ id }) => id));
  }
  return done;
}

export interface GiveUpOptions {
  readonly type?: string;
  readonly limit: string;
  readonly reason?: string;
  readonly yes: boolean;
  readonly json?: boolean;
}

/** Plans, asks (or takes --yes), and gives up. Exit code 1 when a row that was named or found is not given up. */
export async function giveUpCommand(pool: Pool, ids: readonly string[], options: GiveUpOptions): Promise<void> {
  const { type = null, reason = null, yes, json } = options;
  const limit = limitFrom(options.limit);
  if (ids.length === 0 && type === null) throw new Error('give up what? Name event ids, or --type <spelling>');
  const plan = await planGiveUp(pool, { ids, type, limit });
  if (json !== true) console.log(planText(plan));
  const question = `give up ${plan.rows.length} rows?`;
  const go = plan.rows.length > 0 && (yes || (json !== true && (await confirmed(question))));
  const rows = plan.rows.map(({ id }) => id);
  const givenUp = go ? await giveUpRows(pool, rows, reason) : [];
  if (json === true) console.log(JSON.stringify({ plan, givenUp }));
  else if (go) console.log(`given up ${givenUp.length}; ops requeue makes them pending again`);
  if (go && givenUp.length < rows.length && json !== true)
    console.log(`${rows.length - givenUp.length} are in the hands of a bridge, or no longer pending: repeat`);
  if (givenUp.length < rows.length + plan.refused.length || rows.length === 0) process.exitCode = 1;
}

function planText({ rows, more, refused }: GiveUpPlan): string {
  const counts = new Map<string, number>();
  for (const { eventType } of rows) counts.set(eventType, (counts.get(eventType) ?? 0) + 1);
  return [
    ...refused.map(({ id, why }) => `${id} not given up: ${why}`),
    // A type's name is whatever a writer put there.
    ...[...counts].map(([type, count]) => `${count} pending rows of the unknown type ${JSON.stringify(type)}`),
    ...(more ? ['there are more of them than --limit'] : []),
    ...(rows.length === 0 ? ['no pending row to give up'] : []),
  ].join('\n');
}
