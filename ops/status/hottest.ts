import { type Pool } from 'pg';
import { hottestAggregates } from '../../outbox/stuck.sql';

/** An aggregate whose rows wait for each other. */
export interface HotAggregate {
  readonly aggregateId: string;
  readonly aggregateType: string;
  /** Its pending rows that are older than asked for. */
  readonly rows: number;
  /** Event id of the first of them; the others start after it. */
  readonly head: string;
  readonly eventType: string;
  /** When that was written. */
  readonly since: Date;
  readonly headSeconds: number;
}

/** Seconds by priority, from critical to low: of any age. */
export const anyAge: readonly number[] = [0, 0, 0, 0];

/** @param budgets seconds by priority, from critical to low: younger rows are not counted */
export async function hottest(
  pool: Pool,
  { budgets, least, limit }: { readonly budgets: readonly number[]; readonly least: number; readonly limit: number },
): Promise<HotAggregate[]> {
  return (await pool.query<HotAggregate>(hottestAggregates, [budgets, least, limit])).rows;
}
