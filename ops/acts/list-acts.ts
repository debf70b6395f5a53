import { type Pool } from 'pg';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { type OutboxAway, askEach } from '../outboxes';

interface ActRow {
  readonly invocation: string;
  readonly at: Date;
  readonly login: string;
  readonly actor: string;
  readonly host: string;
  readonly command: string;
  readonly reason: string | null;
  readonly planned: number;
  readonly done: number | null;
  readonly ids: readonly string[];
  readonly details: Readonly<Record<string, unknown>>;
}

/** One command of a person, over all databases that it changed. */
export interface ActOfPerson extends Omit<ActRow, 'done' | 'ids'> {
  /** Where it is written down: outboxes by name, or State. */
  readonly in: readonly string[];
  /** Null: it has begun and its end is not known. */
  readonly done: number | null;
  /** Of what was done, or was to be done where that is not known; each once, the first thousand. */
  readonly ids: readonly string[];
}

const columns = `invocation, at, login, actor, host, command, reason, planned, done, ids[1:1000] AS ids, details`;
/** $1 age in milliseconds, $2 limit */
const newest = `
  SELECT ${columns} FROM nova.operator_acts WHERE at > clock_timestamp() - $1::double precision * interval '1 millisecond'
  ORDER BY at DESC LIMIT $2`;
/** $1 id */
const ofId = `SELECT ${columns} FROM nova.operator_acts WHERE ids @> ARRAY[$1::text] ORDER BY at DESC LIMIT $2`;

/** A command of many rows writes an act for each batch. */
const rowsPerCommand = 20;

export type ActsWanted =
  { readonly sinceMs: number; readonly limit: number } | { readonly id: string; readonly limit: number };

const actsIn = async (database: Pool, wanted: ActsWanted): Promise<readonly ActRow[]> => {
  const rows = wanted.limit * rowsPerCommand;
  const asked = 'id' in wanted ? ([ofId, [wanted.id, rows]] as const) : ([newest, [wanted.sinceMs, rows]] as const);
  return (await database.query<ActRow>(asked[0], [...asked[1]])).rows;
};

/** What people have done, the newest first, in State and in all outboxes; and which outboxes could not be asked. */
export async function listActs(
  { pool, outboxes }: { readonly pool: Pool; readonly outboxes: OutboxPools },
  wanted: ActsWanted,
): Promise<{ readonly acts: readonly ActOfPerson[]; readonly away: readonly OutboxAway[] }> {
  const { said, away } = await askEach(outboxes, (outbox) => actsIn(outbox, wanted));
  const found = said.flatMap(({ outbox, value }) => value.map((row) => ({ ...row, place: outbox })));
  const isApart = outboxes.names.every((outbox) => outboxes.of({ outbox }) !== pool);
  if (isApart) found.push(...(await actsIn(pool, wanted)).map((row) => ({ ...row, place: 'State' })));
  const byCommand = new Map<string, (ActRow & { readonly place: string })[]>();
  for (const row of found) {
    // To correct a payload is to read it first: two acts of one invocation.
    const key = `${row.invocation} ${row.command}`;
    byCommand.set(key, [...(byCommand.get(key) ?? []), row]);
  }
  const acts = [...byCommand.values()].map(together);
  acts.sort((a, b) => b.at.getTime() - a.at.getTime());
  return { acts: acts.slice(0, wanted.limit), away };
}

function together(rows: readonly (ActRow & { readonly place: string })[]): ActOfPerson {
  const inOrder = [...rows].sort((a, b) => a.at.getTime() - b.at.getTime());
  const { invocation, login, actor, host, command, reason, planned, at } = inOrder[0]!;
  const places = [...new Set(inOrder.map(({ place }) => place))];
  const ended = inOrder.filter((row) => row.done !== null);
  const ids = [...new Set((ended.length > 0 ? ended : inOrder).flatMap((row) => row.ids))].slice(0, 1_000);
  const done = doneOf(places.map((place) => inOrder.filter((row) => row.place === place)));
  const details = Object.assign({}, ...inOrder.map((row) => row.details)) as ActRow['details'];
  return { invocation, at, login, actor, host, command, reason, planned, in: places, done, ids, details };
}

/** What was done outside of databases is counted in full in each of them; what was done in them, in the one where it is. */
function doneOf(byPlace: readonly (readonly ActRow[])[]): number | null {
  const isElsewhere = byPlace.some((rows) => rows.some(({ done }) => done === null));
  const counts = byPlace.flatMap((rows) => {
    const ended = rows.flatMap(({ done }) => done ?? []);
    return ended.length === 0 ? [] : [ended.reduce((sum, count) => sum + count, 0)];
  });
  if (counts.length === 0) return null;
  return isElsewhere ? Math.max(...counts) : counts.reduce((sum, count) => sum + count, 0);
}
