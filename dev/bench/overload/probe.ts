import { setTimeout as sleep } from 'node:timers/promises';
import { type Pool } from 'pg';
import { publish } from '../../../client/publish';
import { inTransaction } from '../../../runtime/postgres';
import { probes } from '../probes';

/** An event without an effect after this counts as this, milliseconds. */
const patienceMs = 60_000;
/** How often effects are looked for: a figure is too long by half of it on average, milliseconds. */
const lookMs = 4;

/** Publishes events of one priority at a steady pace, whatever becomes of them, and times each from its COMMIT to its notification. */
export class Probe {
  private readonly open = new Map<string, number>();
  private readonly delays: number[] = [];
  private ended = false;
  private readonly work: Promise<unknown>;

  private constructor(
    private readonly pool: Pool,
    private readonly options: {
      readonly priority: keyof typeof probes;
      readonly perSecond: number;
      readonly nudge: boolean;
    },
  ) {
    this.work = Promise.all([this.write(), this.look()]);
    this.work.catch(() => undefined);
  }

  static start(pool: Pool, options: { priority: keyof typeof probes; perSecond: number; nudge: boolean }): Probe {
    return new Probe(pool, options);
  }

  /** Writes no more, waits for what is open, and returns what each waited, milliseconds. */
  async end(): Promise<readonly number[]> {
    this.ended = true;
    await this.work;
    return this.delays;
  }

  private async write(): Promise<void> {
    const { priority, perSecond, nudge } = this.options;
    const begun = performance.now();
    for (let i = 1; !this.ended; i++) {
      const id = crypto.randomUUID();
      await inTransaction(this.pool, (tx) => publish(tx, { ...probes[priority](id), id }));
      this.open.set(id, performance.now());
      if (nudge) await this.pool.query(`SELECT pg_notify('outbox_nudge', '')`);
      // Apart by chance, and not in step with a poll.
      await sleep(Math.max(0, begun + ((i + Math.random() * 0.5) * 1_000) / perSecond - performance.now()));
    }
  }

  private async look(): Promise<void> {
    while (!this.ended || this.open.size > 0) {
      if (this.open.size > 0) {
        const { rows } = await this.pool.query<{ id: string }>(
          'SELECT DISTINCT event_id AS id FROM nova.notifications WHERE event_id = ANY ($1)',
          [[...this.open.keys()]],
        );
        const now = performance.now();
        for (const { id } of rows) this.close(id, now);
        for (const [id, committed] of this.open)
          if (now - committed > patienceMs) this.close(id, committed + patienceMs);
      }
      await sleep(lookMs);
    }
  }

  private close(id: string, at: number): void {
    const committed = this.open.get(id);
    if (committed === undefined) return;
    this.open.delete(id);
    this.delays.push(at - committed);
  }
}
