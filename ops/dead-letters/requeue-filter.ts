import { setTimeout as pause } from 'node:timers/promises';
import { lettersOf } from '../../outbox/dead-letters.sql';
import { actOf, doing } from '../acts/acts';
import { mayGo } from '../terminal/confirm';
import { columnLines } from '../terminal/columns';
import { type LetterFilter, spellingsWanted } from './dead-letter-groups';
import { limitFrom, perSecondFrom } from '../terminal/option-values';
import { type OutboxAway, askEach } from '../outboxes';
import { judgeRows, requeueBoth, whyRefused } from './requeue';
import { type RequeueDeps } from './requeue-anywhere';

export interface RequeueFilterOptions extends LetterFilter {
  readonly limit: string;
  readonly perSecond: string;
  readonly reason?: string;
  readonly yes: boolean;
  readonly json?: boolean;
}

/** A row of a plan: it starts as it is, starts as one that never ran, or stays (and why). */
interface Row {
  readonly outbox: string;
  readonly id: string;
  readonly eventType: string;
  readonly code: string;
  readonly neverStarted: boolean;
  readonly refused: string | null;
}

interface Group {
  readonly outbox: string;
  readonly code: string;
  readonly eventType: string;
  readonly count: number;
  readonly refused: number;
  /** Of the first that is refused. */
  readonly why: string | null;
}

/** Rows of one statement, at most: a bridge or a writer of the same aggregates waits for no more. */
const mostAtOnce = 200;

/**
 * Requeues dead letters by what they failed of: plans by group, asks, and goes on batch by batch in the order in which they were written, so
 * many a second; repeated, it goes on with the rest. Exit code 1 when not all of them are requeued. Returns the outboxes that could not be asked.
 */
export async function requeueByFilter(
  deps: RequeueDeps,
  options: RequeueFilterOptions,
  progress: (done: number, of: number) => void,
): Promise<readonly OutboxAway[]> {
  const { code, type, json } = options;
  if (code === undefined && type === undefined)
    throw new Error('requeue what? --code <code>, --type <event type>, or ids');
  const perSecond = perSecondFrom(options.perSecond);
  const { rows, away } = await plan(deps, options);
  const groups = groupsIn(rows);
  const possible = rows.filter(({ refused }) => refused === null);
  if (json !== true) console.log(planText(groups));
  const go = possible.length > 0 && (await mayGo(`requeue ${possible.length} dead letters?`, options));
  const requeued = go ? await requeueSlowly(deps, possible, options, perSecond, progress) : 0;
  if (json === true) console.log(JSON.stringify({ plan: groups, requeued }));
  else if (go) console.log(`requeued ${requeued}`);
  if (requeued < rows.length || rows.length === 0) process.exitCode = 1;
  return away;
}

async function plan(
  { outboxes, workflows, retentionGuardMs }: RequeueDeps,
  { code, type, limit }: RequeueFilterOptions,
): Promise<{ readonly rows: readonly Row[]; readonly away: readonly OutboxAway[] }> {
  const [most, guardMs] = [limitFrom(limit), await retentionGuardMs()];
  type Found = { readonly id: string; readonly eventType: string; readonly code: string };
  const { said, away } = await askEach(outboxes, async (pool) => {
    return (await pool.query<Found>(lettersOf, [code ?? null, spellingsWanted(type), most])).rows;
  });
  const rows: Row[] = [];
  for (const { outbox, value } of said) {
    const some = value.slice(0, most - rows.length);
    const judged = await judgeRows(
      { pool: outboxes.of({ outbox }), workflows, guardMs },
      some.map(({ id }) => id),
    );
    const [asTheyAre, neverStarted] = [new Set(judged.asTheyAre), new Set(judged.neverStarted)];
    const unknown = new Map(judged.unknown.map((row) => [row.id, whyRefused(row)]));
    for (const row of some) {
      const refused = unknown.get(row.id) ?? null;
      // Neither: requeued by another person in between.
      if (refused !== null || asTheyAre.has(row.id) || neverStarted.has(row.id))
        rows.push({ outbox, ...row, neverStarted: neverStarted.has(row.id), refused });
    }
  }
  return { rows, away };
}

function groupsIn(rows: readonly Row[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { outbox, code, eventType, refused } of rows) {
    const key = JSON.stringify([outbox, code, eventType]);
    const group = groups.get(key) ?? { outbox, code, eventType, count: 0, refused: 0, why: null };
    const isRefused = refused !== null;
    groups.set(key, {
      ...group,
      count: group.count + (isRefused ? 0 : 1),
      refused: group.refused + (isRefused ? 1 : 0),
      why: group.why ?? refused,
    });
  }
  return [...groups.values()].sort((a, b) => b.count + b.refused - a.count - a.refused);
}

/** Each batch with its act in one transaction. */
async function requeueSlowly(
  { outboxes, actor }: RequeueDeps,
  rows: readonly Row[],
  { code, type, reason }: RequeueFilterOptions,
  perSecond: number,
  progress: (done: number, of: number) => void,
): Promise<number> {
  const act = actOf({ actor, command: 'dead-letters requeue', reason, planned: rows.length, details: { code, type } });
  const size = Math.min(mostAtOnce, perSecond);
  let requeued = 0;
  for (const outbox of new Set(rows.map((row) => row.outbox))) {
    const theirs = rows.filter((row) => row.outbox === outbox);
    for (let from = 0; from < theirs.length; from += size) {
      const batch = theirs.slice(from, from + size);
      if (requeued > 0) await pause((size / perSecond) * 1_000);
      const ids = (neverStarted: boolean) =>
        batch.filter((row) => row.neverStarted === neverStarted).map(({ id }) => id);
      const done = await doing(outboxes.of({ outbox }), act, async (database) => {
        const value = await requeueBoth(database, ids(false), ids(true));
        return { value, ids: value };
      });
      requeued += done.length;
      progress(requeued, rows.length);
    }
  }
  return requeued;
}

function planText(groups: readonly Group[]): string {
  if (groups.length === 0) return 'no such dead letter';
  const several = groups.some(({ outbox }) => outbox !== groups[0]?.outbox);
  const table = columnLines(
    [
      ['OUTBOX', 'CODE', 'TYPE', 'REQUEUED', 'REFUSED', 'WHY'],
      ...groups.map((g) => [g.outbox, g.code, g.eventType, String(g.count), String(g.refused), g.why ?? '–']),
    ].map((cells) => (several ? cells : cells.slice(1))),
  );
  return table.join('\n');
}
