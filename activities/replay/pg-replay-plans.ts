import { type ReplayProgress, type ReplayState, replayStates } from '../../contracts/replay-plan';
import { type Database } from '../../runtime/postgres';
import { query } from '../stores/pg-query';

/** One event of a plan. */
export interface ReplayItem {
  readonly place: number;
  readonly eventId: string;
  readonly outbox: string;
  readonly eventType: string;
  /** The event id, or that of an earlier replay. */
  readonly workflowId: string;
  /** The run that is taken up again, and the event of its history that is taken back; null: a further run is started. */
  readonly reset: { readonly runId: string; readonly eventId: number } | null;
  /** Temporal was asked for it before: an attempt of the activity died in between. */
  readonly attempted: boolean;
}

/** What came of one. */
export interface Settled {
  readonly state: Exclude<ReplayState, 'planned'>;
  /** Run id, of a further run its workflow id; null: none was begun. */
  readonly newRun: string | null;
  /** For people: why it was refused, or what it was healed by. */
  readonly remark: string | null;
}

interface Row {
  readonly place: number;
  readonly event_id: string;
  readonly outbox: string;
  readonly event_type: string;
  readonly workflow_id: string;
  readonly run_id: string | null;
  readonly reset_to: number | null;
  readonly attempted: boolean;
}

const plan = `SELECT reason, requested_by AS "requestedBy" FROM nova.replay_plans WHERE name = $1`;
const columns = `place, event_id, outbox, event_type, workflow_id, run_id, reset_to, attempted_at IS NOT NULL AS attempted`;
const planned = `
  SELECT ${columns} FROM nova.replay_items WHERE plan = $1 AND state = 'planned' ORDER BY place LIMIT $2`;
const started = `
  SELECT ${columns}, new_run FROM nova.replay_items WHERE plan = $1 AND state = 'started' AND place > $2 ORDER BY place LIMIT $3`;
const attempt = `
  UPDATE nova.replay_items SET attempted_at = clock_timestamp() WHERE plan = $1 AND place = $2 AND attempted_at IS NULL`;
const settle = `
  UPDATE nova.replay_items SET state = $3, new_run = coalesce($4, new_run), remark = $5
  WHERE plan = $1 AND place = $2 AND state IN ('planned', 'started')`;
const counts = `SELECT state, count(*)::integer AS count FROM nova.replay_items WHERE plan = $1 GROUP BY state`;

const itemOf = (row: Row): ReplayItem => ({
  place: row.place,
  eventId: row.event_id,
  outbox: row.outbox,
  eventType: row.event_type,
  workflowId: row.workflow_id,
  reset: row.run_id === null || row.reset_to === null ? null : { runId: row.run_id, eventId: row.reset_to },
  attempted: row.attempted,
});

/** Plans of replays and what came of their items, in State. */
export class PgReplayPlans {
  constructor(private readonly database: Database) {}

  /** Why, and who asked for it. @throws Error when there is no plan of this name */
  async find(name: string): Promise<{ readonly reason: string; readonly requestedBy: string }> {
    const { rows } = await query<{ reason: string; requestedBy: string }>(this.database, plan, [name]);
    if (rows[0] === undefined) throw new Error(`there is no plan ${name}`);
    return rows[0];
  }

  /** Those whose turn is next, in their order. */
  async next(plan: string, limit: number): Promise<ReplayItem[]> {
    return (await query<Row>(this.database, planned, [plan, limit])).rows.map(itemOf);
  }

  /** Those that were started and of whose end nothing is known yet; `after`: the place of the last one of the page before. */
  async underWay(
    plan: string,
    after: number,
    limit: number,
  ): Promise<(ReplayItem & { readonly newRun: string | null })[]> {
    const { rows } = await query<Row & { new_run: string | null }>(this.database, started, [plan, after, limit]);
    return rows.map((row) => ({ ...itemOf(row), newRun: row.new_run }));
  }

  /** Committed before Temporal is asked. */
  async attempt(plan: string, place: number): Promise<void> {
    await query(this.database, attempt, [plan, place]);
  }

  async settle(plan: string, place: number, { state, newRun, remark }: Settled): Promise<void> {
    await query(this.database, settle, [plan, place, state, newRun, remark]);
  }

  async progress(plan: string): Promise<ReplayProgress> {
    const { rows } = await query<{ state: ReplayState; count: number }>(this.database, counts, [plan]);
    const none = Object.fromEntries(replayStates.map((state) => [state, 0])) as Record<ReplayState, number>;
    return { ...none, ...Object.fromEntries(rows.map(({ state, count }) => [state, count])) };
  }
}
