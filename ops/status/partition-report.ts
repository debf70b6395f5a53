import { type Pool } from 'pg';
import { partitionLines } from '../../outbox/partitions.sql';

export interface PartitionLine {
  readonly name: string;
  /** RFC 3339; null: no end. */
  readonly from: string | null;
  readonly to: string | null;
  /** As PostgreSQL estimated when it last analyzed it. */
  readonly rows: number;
  readonly unpublished: number;
  readonly notEmitted: number;
  readonly deadLettered: number;
  /** From when on it goes if nothing in it is left to do; null: its rows go one by one. */
  readonly droppableFrom: string | null;
  /** Half-way out. */
  readonly detachPending: boolean;
  /** Old enough and kept, by the last housekeeping: how many rows for which reason. */
  readonly kept: Record<string, number> | null;
}

/** The partitions of the outbox, the oldest first: what is in them and when they may go. */
export async function partitionReport(pool: Pool, retentionDays: number): Promise<PartitionLine[]> {
  return (await pool.query<PartitionLine>(partitionLines, [retentionDays])).rows;
}
