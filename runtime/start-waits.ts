import { type Pool } from 'pg';

/** How often a worker process says what starts wait, and a bridge looks, while there are any; milliseconds. */
export const startWaitMs = 100;

/** $1 instance, $2 task queues, $3 milliseconds of each. Also deletes what processes left that were killed. */
const report = `
  WITH gone AS (DELETE FROM nova.start_waits WHERE reported_at < clock_timestamp() - interval '1 hour')
  INSERT INTO nova.start_waits (instance_id, task_queue, wait_ms)
  SELECT $1, queue, ms FROM unnest($2::text[], $3::float8[]) AS waits (queue, ms)
  ON CONFLICT (instance_id, task_queue) DO UPDATE SET wait_ms = excluded.wait_ms, reported_at = clock_timestamp()`;

const remove = `DELETE FROM nova.start_waits WHERE instance_id = $1`;

/** Of processes that have said something within ten minutes: after that their queue is as one of which nothing is known. */
const latest = `
  SELECT task_queue AS queue, max(wait_ms) FILTER (WHERE reported_at > clock_timestamp() - interval '1 second') AS ms
  FROM nova.start_waits WHERE reported_at > clock_timestamp() - interval '10 minutes' GROUP BY task_queue`;

/** Milliseconds by task queue; the process is that of the worker's identity in Temporal. */
export async function reportStartWaits(
  state: Pool,
  instance: string,
  waits: ReadonlyMap<string, number>,
): Promise<void> {
  await state.query(report, [instance, [...waits.keys()], [...waits.values()]]);
}

export async function removeStartWaits(state: Pool, instance: string): Promise<void> {
  await state.query(remove, [instance]);
}

/** By task queue, the longest that any worker process says; null: none has begun a start within the last second. */
export async function readStartWaits(state: Pool): Promise<ReadonlyMap<string, number | null>> {
  const { rows } = await state.query<{ queue: string; ms: number | null }>(latest);
  return new Map(rows.map(({ queue, ms }) => [queue, ms]));
}
