import { type Database } from '../../runtime/postgres';
import { rfc3339 } from '../../runtime/sql-time';
import { type KeepDays, type Ledger, ledgers } from './ledgers';
import { type Asked, type OutboxContent, type Silence, type Stretch } from './outbox-content';

export const batchRows = 500;
/** Batches of one table in one turn; the rest is left to the next. */
const batchesPerTurn = 400;

/**
 * The stretches of time, up to $1 days ago, that none of the kept days ($2 from, $3 to) covers: only there is it worth looking.
 * Ledger rows of a day that is kept are left alone until it goes.
 */
const selectStretches = `
  WITH kept AS (
    SELECT range_agg(tstzrange(day."from", day."to")) AS days FROM unnest($2::timestamptz[], $3::timestamptz[]) AS day ("from", "to")
  )
  SELECT coalesce(${rfc3339('lower(stretch)')}, '-infinity') AS "from", ${rfc3339('upper(stretch)')} AS "to"
  FROM kept, unnest(tstzmultirange(tstzrange(NULL, clock_timestamp() - make_interval(days => $1)))
    - coalesce(days, '{}'::tstzmultirange)) AS stretch
  ORDER BY stretch`;

/** An aggregate that has no events: of a row that names none. */
const noAggregate = `'00000000-0000-0000-0000-000000000000'::uuid`;

/** What a row names, as `id` and, of an aggregate, `upTo`. */
const named = ({ belongsTo }: Ledger): { id: string; upTo: string } => {
  if (belongsTo === undefined) return { id: 'NULL', upTo: 'NULL' };
  if (belongsTo === 'event') return { id: 't.event_id', upTo: 'NULL' };
  return { id: `coalesce(${belongsTo.aggregate}, ${noAggregate})`, upTo: belongsTo.upTo };
};

/** Rows that are old enough and may go at all. $1 from, $2 to */
const mayGo = ({ age, unless, only }: Ledger): string =>
  `t.${age} >= $1::timestamptz AND t.${age} < $2::timestamptz AND NOT coalesce(${unless ?? 'false'}, false)${only === undefined ? '' : ` AND ${only}`}`;

/** One batch by age, from $1 to $2. */
export const selectBatch = (ledger: Ledger): string => `
  SELECT t.ctid::text AS place, ${named(ledger).id}::text AS id, ${named(ledger).upTo}::bigint AS "upTo",
    ${rfc3339(`t.${ledger.age}`)} AS age, ${rfc3339(`(t.${ledger.age} + interval '1 microsecond')`)} AS "afterAge"
  FROM nova.${ledger.table} t WHERE ${mayGo(ledger)} ORDER BY t.${ledger.age} LIMIT ${batchRows}`;

/**
 * Deletes those of $3 that no outbox row belongs to, from $1 to $2 the ages of the batch. A row may have moved since the batch was read,
 * and another one have its place: so each condition is looked at again, and that what it names is among that of which no row is left, $4 and of aggregates $5.
 */
export const deleteBatch = (ledger: Ledger): string => {
  const { id, upTo } = named(ledger);
  const unclaimed =
    typeof ledger.belongsTo === 'object'
      ? `(${id}, ${upTo}) IN (SELECT free.id, free.up_to FROM unnest($4::uuid[], $5::bigint[]) AS free (id, up_to))`
      : `${id} = ANY ($4::uuid[])`;
  return `DELETE FROM nova.${ledger.table} t WHERE t.ctid = ANY ($3::tid[]) AND ${mayGo(ledger)} AND ${unclaimed}`;
};

/** Of what belongs to no event: one batch by age, from $1 to $2. */
export const deleteByAge = (ledger: Ledger): string => `
  DELETE FROM nova.${ledger.table} WHERE ctid = ANY (ARRAY (
    SELECT t.ctid FROM nova.${ledger.table} t WHERE ${mayGo(ledger)} ORDER BY t.${ledger.age} LIMIT ${batchRows}))`;

export interface Expired {
  /** Rows deleted, by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Outboxes of which it is not known what is left: what belongs to an event stays. */
  readonly silence: Silence;
  /** The bound of a turn was reached: there is more. */
  readonly more: boolean;
}

interface Options {
  readonly retentionDays: number;
  readonly keepDays: KeepDays;
  readonly between: () => Promise<void>;
}

/**
 * Deletes ledger rows older than the retention whose event is in no outbox any more. Short statements, one after another: those of State
 * name no outbox, and outboxes are asked by the ids of a batch.
 */
export async function expireLedgers(state: Database, content: OutboxContent, options: Options): Promise<Expired> {
  const rows: Record<string, number> = {};
  const kept = await content.keptDays();
  let silence: Silence = 'silence' in kept ? kept.silence : {};
  let more = false;
  for (const ledger of ledgers) {
    const keep = ledger.keep === undefined ? options.retentionDays : options.keepDays[ledger.keep];
    if (keep === 0) continue;
    const days = ledger.belongsTo === undefined || 'silence' in kept ? [] : kept.known;
    const stretches = await state.query<Stretch>(selectStretches, [
      Math.max(keep, options.retentionDays),
      days.map(({ from }) => from),
      days.map(({ to }) => to),
    ]);
    rows[ledger.table] ??= 0;
    let batches = batchesPerTurn;
    for (const { from: begin, to } of stretches.rows) {
      let from: string | undefined = begin;
      while (from !== undefined && batches > 0) {
        if (ledger.belongsTo !== undefined && Object.keys(silence).length > 0) break;
        batches--;
        await options.between();
        const batch = await expireBatch(state, content, ledger, { from, to });
        if ('silence' in batch) silence = batch.silence;
        else rows[ledger.table] = (rows[ledger.table] ?? 0) + batch.gone;
        from = 'silence' in batch ? undefined : batch.next;
      }
      if (from !== undefined && batches === 0) more = true;
    }
  }
  return { rows, silence, more };
}

interface Row {
  readonly place: string;
  readonly id: string | null;
  readonly upTo: number | null;
  readonly age: string;
  readonly afterAge: string;
}

/** `next`: where the next batch begins; undefined: the stretch is done. */
type Batch = { readonly gone: number; readonly next: string | undefined } | { readonly silence: Silence };

async function expireBatch(
  state: Database,
  content: OutboxContent,
  ledger: Ledger,
  { from, to }: Stretch,
): Promise<Batch> {
  if (ledger.belongsTo === undefined) {
    const gone = (await state.query(deleteByAge(ledger), [from, to])).rowCount ?? 0;
    return { gone, next: gone < batchRows ? undefined : from };
  }
  const { rows } = await state.query<Row>(selectBatch(ledger), [from, to]);
  const last = rows.at(-1);
  if (last === undefined) return { gone: 0, next: undefined };
  const { asked, keys } = askedBy(ledger, rows);
  const reply = await content.left(asked);
  if ('silence' in reply) return reply;
  const left = new Set(reply.known);
  const free = keys.filter((_, place) => !left.has(place));
  const gone = free.length === 0 ? 0 : await deleteFree(state, ledger, { from, to: last.afterAge }, rows, free);
  if (rows.length < batchRows) return { gone, next: undefined };
  // A batch of equal ages that may not go is stepped over.
  return { gone, next: gone === 0 && last.age === from ? last.afterAge : last.age };
}

const keyOf = ({ id, upTo }: Pick<Row, 'id' | 'upTo'>): string => `${id} ${upTo}`;

/** What the rows of a batch name, each once. */
function askedBy({ belongsTo }: Ledger, rows: readonly Row[]): { asked: Asked; keys: readonly Row[] } {
  const keys = [...new Map(rows.map((row) => [keyOf(row), row])).values()];
  const ids = keys.map(({ id }) => id ?? '');
  if (typeof belongsTo !== 'object') return { asked: { events: ids }, keys };
  return { asked: { aggregates: ids, upTo: keys.map(({ upTo }) => upTo ?? 0) }, keys };
}

async function deleteFree(
  state: Database,
  ledger: Ledger,
  { from, to }: Stretch,
  rows: readonly Row[],
  free: readonly Row[],
): Promise<number> {
  const keys = new Set(free.map(keyOf));
  const places = rows.filter((row) => keys.has(keyOf(row))).map(({ place }) => place);
  const upTo = typeof ledger.belongsTo === 'object' ? [free.map((row) => row.upTo)] : [];
  const values = [from, to, places, free.map(({ id }) => id), ...upTo];
  return (await state.query(deleteBatch(ledger), values)).rowCount ?? 0;
}
