import { Client } from 'pg';
import { type ChaosWorld } from '../types';

const ofAll = `
  SELECT (SELECT count(*)::int FROM audit_runs) AS audits,
         (SELECT count(*)::int FROM audit_findings) AS found,
         (SELECT coalesce(sum(unexplained), 0)::int FROM (SELECT unexplained FROM audit_runs ORDER BY ended_at DESC LIMIT 1) last)
           AS unexplained`;

/** What the product's own scheduled audit said while everything was harmed, in words; no part of the proof. */
export async function auditsUnderFire({ databaseUrl }: Pick<ChaosWorld, 'databaseUrl'>): Promise<string> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ audits: number; found: number; unexplained: number }>(ofAll);
    const { audits = 0, found = 0, unexplained = 0 } = rows[0] ?? {};
    return `${audits} audits of the product's own ran meanwhile: ${found} findings in all, ${unexplained} unexplained by the last`;
  } finally {
    await client.end();
  }
}
