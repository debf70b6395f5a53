import { type Pool } from 'pg';

const lastDay = `
  SELECT reason, count(*)::int AS count FROM nova.notification_deliveries
  WHERE state = 'skipped' AND channel <> 'in_app' AND created_at > now() - interval '1 day'
  GROUP BY reason ORDER BY reason`;

/** Messages of the last day that were not sent, by the code that says why. */
export async function skippedDeliveries(pool: Pool): Promise<Readonly<Record<string, number>>> {
  const { rows } = await pool.query<{ reason: string | null; count: number }>(lastDay);
  return Object.fromEntries(rows.map(({ reason, count }) => [reason ?? 'UNKNOWN', count]));
}

/** `not sent in the last day: LIMITED 3 · TOO_OLD 1`; empty: all were sent. */
export function skippedLine(skipped: Readonly<Record<string, number>>): string {
  const parts = Object.entries(skipped).map(([reason, count]) => `${reason} ${count}`);
  return parts.length === 0 ? '' : `\nnot sent in the last day: ${parts.join(' · ')}`;
}
