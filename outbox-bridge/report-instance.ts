import { type Pool } from 'pg';
import { type Logger } from '../runtime/logger';
import { type HandPause } from './hand-pauses';
import { type Pauses } from './pauses';
import { reportInstance } from './report-instance.sql';

interface Hearing {
  readonly pool: Pool;
  readonly pauses: Pauses;
  readonly logger: Logger;
  /** Rows that may go on are looked for now. */
  readonly nudge: () => void;
}

/** Writes down what this process does, and takes over what a person has paused or resumed since. */
export async function reportAndHear(
  report: readonly unknown[],
  { pool, pauses, logger, nudge }: Hearing,
): Promise<void> {
  const { rows } = await pool.query<HandPause>(reportInstance, [...report]);
  const { begun, ended } = pauses.byHand.set(rows);
  if (begun.length > 0)
    logger.warn({ code: 'PAUSED_BY_HAND', event_types: begun }, 'event types paused by a person: their rows wait');
  if (ended.length === 0) return;
  logger.info({ event_types: ended }, 'event types go on: a pause by hand has ended');
  nudge();
}
