import { type WorkflowClient } from '@temporalio/client';
import { type Pool } from 'pg';
import { type FailureCode } from '../../contracts/failures';
import { deadLettersById } from '../../outbox/operators.sql';
import { knownRun } from '../../runtime/known-run';
import { type Database } from '../../runtime/postgres';
import { type Act, doing } from '../acts/acts';
import { requeueDeadLetters } from './dead-letters';

export interface DeadRow {
  readonly id: string;
  readonly code: string;
  readonly claimCount: number;
  readonly started: boolean;
  /** Milliseconds since the first claim; null: never claimed. */
  readonly ageMs: number | null;
}

export interface Requeued {
  /** Pending again. */
  readonly requeued: readonly string[];
  /** Of these, the ones that run a second time should the operator be wrong. */
  readonly vouchedFor: readonly string[];
  /** Still dead letters: it is not known whether they ran. */
  readonly refused: readonly { readonly id: string; readonly why: string }[];
  readonly notDeadLettered: readonly string[];
}

/** Codes that are found before Temporal is asked. A row that was claimed once, for one of these, was never started. */
const beforeStart = new Set<string>([
  'UNKNOWN_EVENT_TYPE',
  'UNSUPPORTED_VERSION',
  'INVALID_PAYLOAD',
  'INVALID_ROW',
  'PAYLOAD_TOO_LARGE',
] satisfies FailureCode[]);

/** What may be done with dead letters, by what is known of their runs. */
export interface Judged {
  /** Started, known to Temporal, or so young that it would know. */
  readonly asTheyAre: readonly string[];
  /** Given up before Temporal was asked. */
  readonly neverStarted: readonly string[];
  /** May have run and been forgotten. */
  readonly unknown: readonly DeadRow[];
  readonly notDeadLettered: readonly string[];
}

interface JudgeDeps {
  readonly pool: Pool;
  readonly workflows: WorkflowClient;
  readonly guardMs: number;
}

/** Temporal is asked about so many at once. */
const askedAtOnce = 8;

export async function judgeRows({ pool, workflows, guardMs }: JudgeDeps, ids: readonly string[]): Promise<Judged> {
  const { rows } = await pool.query<DeadRow>(deadLettersById, [ids]);
  const [asTheyAre, neverStarted, unknown]: [string[], string[], DeadRow[]] = [[], [], []];
  const judge = async (row: DeadRow): Promise<void> => {
    if (row.claimCount <= 1 && beforeStart.has(row.code)) neverStarted.push(row.id);
    else if (row.started || !isOld(row, guardMs) || (await isKnown(workflows, row.id))) asTheyAre.push(row.id);
    else unknown.push(row);
  };
  for (let from = 0; from < rows.length; from += askedAtOnce)
    await Promise.all(rows.slice(from, from + askedAtOnce).map(judge));
  const found = new Set(rows.map(({ id }) => id));
  return { asTheyAre, neverStarted, unknown, notDeadLettered: ids.filter((id) => !found.has(id.toLowerCase())) };
}

/**
 * Makes dead-lettered rows pending again. A row that was first tried longer ago than the retention guard, and of which
 * Temporal knows no run, may have run and been forgotten: the bridge would give it up again at once, and starting it may be
 * a second run. Such a row is left as it is unless the operator vouches that it never ran.
 */
export async function requeueRows(
  { pool, workflows, guardMs, act }: JudgeDeps & { readonly act: Act },
  ids: readonly string[],
  options: { neverRan: boolean },
): Promise<Requeued> {
  const { asTheyAre, neverStarted, unknown, notDeadLettered } = await judgeRows({ pool, workflows, guardMs }, ids);
  const vouchedFor = options.neverRan ? unknown.map(({ id }) => id) : [];
  const requeued = await doing(pool, act, async (database) => {
    const value = await requeueBoth(database, asTheyAre, [...neverStarted, ...vouchedFor]);
    return { value, ids: value };
  });
  return {
    requeued,
    vouchedFor,
    refused: options.neverRan ? [] : unknown.map((row) => ({ id: row.id, why: whyRefused(row) })),
    notDeadLettered,
  };
}

/** Rows that go on as they are, and rows that begin as if Temporal had never been asked. Returns the ids of both that were dead letters. */
export async function requeueBoth(
  database: Database,
  asTheyAre: readonly string[],
  neverRan: readonly string[],
): Promise<string[]> {
  return [
    ...(await requeueDeadLetters(database, asTheyAre, { neverRan: false })),
    ...(await requeueDeadLetters(database, neverRan, { neverRan: true })),
  ];
}

function isOld({ code, ageMs }: DeadRow, guardMs: number): boolean {
  return code === 'RETENTION_PASSED' || (ageMs ?? 0) > guardMs;
}

export function whyRefused({ ageMs }: DeadRow): string {
  const days = ((ageMs ?? 0) / 86_400_000).toFixed(1);
  return `first tried ${days} days ago and not known to Temporal: it may have run and been forgotten. Look for what it did (\`npx nova show\`: deliveries, emitted_at); if nothing, requeue with --never-ran`;
}

export async function isKnown(workflows: WorkflowClient, id: string): Promise<boolean> {
  return (await knownRun(workflows, id)) !== null;
}
