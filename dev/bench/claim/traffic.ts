import { setTimeout as sleep } from 'node:timers/promises';
import { type Pool } from 'pg';
import { publish } from '../../../client/publish';
import { inTransaction } from '../../../runtime/postgres';
import { probes } from '../probes';

/** Rows of other aggregates, Critical and Normal in turn. */
const perSecond = 10;
/** A row that is not started within this counts as started then, milliseconds. */
const patienceMs = 60_000;

/** Writes for so many seconds; returns for each row the time from its commit to the mark of its start, milliseconds. */
export async function otherRows(pool: Pool, seconds: number, say: (text: string) => void): Promise<number[]> {
  const committed = new Map<string, number>();
  const begun = performance.now();
  for (let i = 0; i < seconds * perSecond; i++) {
    const id = crypto.randomUUID();
    await inTransaction(pool, (tx) => publish(tx, { ...probes[i % 2 === 0 ? 'critical' : 'normal'](id), id }));
    committed.set(id, Date.now());
    if (i % perSecond === 0) say(`${i} of ${seconds * perSecond} other rows written`);
    await sleep(Math.max(0, begun + ((i + 1) * 1_000) / perSecond - performance.now()));
  }
  const ids = [...committed.keys()];
  const started = new Map<string, number>();
  for (const deadline = Date.now() + patienceMs; started.size < ids.length && Date.now() < deadline; await sleep(100)) {
    const { rows } = await pool.query<{ id: string; at: Date }>(
      'SELECT id, published_at AS at FROM nova.outbox_events WHERE id = ANY ($1) AND published_at IS NOT NULL',
      [ids],
    );
    for (const { id, at } of rows) started.set(id, at.getTime());
  }
  return ids
    .map((id) => Math.max(0, (started.get(id) ?? Infinity) - (committed.get(id) ?? 0)))
    .map((ms) => Math.min(ms, patienceMs));
}
