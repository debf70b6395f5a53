import { type Gauge } from 'prom-client';
import { oneLine } from '../../runtime/errors';
import { type Logger } from '../../runtime/logger';
import { type Database } from '../../runtime/postgres';

/** Days after today that have a partition without a gap; -1: today has none, and inserts fail. */
export async function partitionDaysAhead(database: Database): Promise<number> {
  const { rows } = await database.query<{ days: number }>('SELECT nova.outbox_days_ahead() AS days');
  return rows[0]?.days ?? -1;
}

/** Keeps daily partitions made ahead, and raises an alarm days before one is missing: that fails business transactions. */
export class PartitionsAhead {
  /** What people should know; undefined: all is well. */
  alarm: string | undefined;

  constructor(
    private readonly options: {
      readonly database: Database;
      /** Days made ahead. */
      readonly days: number;
      /** Fewer than this are an alarm; never more than are made. */
      readonly alarmDays: number;
      readonly gauge: Pick<Gauge, 'set'>;
      readonly logger: Logger;
    },
  ) {}

  /** Makes what is missing. How many days are left is reported also when that fails. @throws what kept them from being made */
  async keep(): Promise<void> {
    const { database, days } = this.options;
    let failure: unknown;
    await database
      .query('SELECT nova.outbox_ensure_partitions($1)', [days])
      .catch((thrown: unknown) => (failure = thrown));
    this.judge(await partitionDaysAhead(database), failure);
    if (failure !== undefined) throw failure as Error;
  }

  private judge(daysAhead: number, failure: unknown): void {
    const { days, alarmDays, gauge, logger } = this.options;
    gauge.set(daysAhead);
    this.alarm = undefined;
    if (daysAhead >= Math.min(alarmDays, days)) return;
    const why = failure === undefined ? '' : `; making them failed: ${oneLine(failure)}`;
    this.alarm =
      daysAhead < 0
        ? `today has no outbox partition, inserts fail${why}`
        : `outbox partitions end in ${daysAhead} days, inserts fail after that${why}`;
    logger.error({ daysAhead }, this.alarm);
  }
}
