import { type Pool } from 'pg';
import { PgReplayPlans } from '../../activities/replay/pg-replay-plans';
import { type ReplayProgress, type ReplayState } from '../../contracts/replay-plan';
import { actOf, doing } from '../acts/acts';
import { type BadRun } from './bad-runs';

/** What is frozen under a name. */
export interface NewPlan {
  readonly name: string;
  /** As it was asked for. */
  readonly filter: object;
  readonly reason: string;
  /** Who asks for it. */
  readonly actor: string;
  /** In the order in which they are worked off. */
  readonly runs: readonly BadRun[];
}

export interface PlanLine {
  readonly name: string;
  readonly reason: string;
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly progress: ReplayProgress;
}

/** Deliveries that events have already, by what became of them. */
export interface DeliveriesBefore {
  /** Sent, given up or of unknown outcome: a replay sends none of them. */
  readonly settled: number;
  /** Not made yet, or given up with the run: a replay makes them. */
  readonly open: number;
}

/** Events of a plan that ended for the same reason at the same step. */
export interface ReplayGroup {
  readonly eventType: string;
  readonly step: string | null;
  readonly why: string;
  readonly events: number;
  readonly example: string;
}

const addPlan = `INSERT INTO nova.replay_plans (name, filter, reason, requested_by) VALUES ($1, $2, $3, $4)`;
const addItems = `
  INSERT INTO nova.replay_items (plan, place, event_id, outbox, event_type, workflow_id, run_id, reset_to, step, why)
  SELECT $1, i.* FROM unnest($2::integer[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::integer[], $9::text[], $10::text[])
    AS i (place, event_id, outbox, event_type, workflow_id, run_id, reset_to, step, why)`;
const itemsAtOnce = 1_000;
const deliveriesBefore = `
  SELECT count(*) FILTER (WHERE NOT open)::integer AS settled, count(*) FILTER (WHERE open)::integer AS open
  FROM (SELECT state IN ('pending', 'claimed') OR (state = 'skipped' AND reason = 'RUN_ENDED') AS open
        FROM nova.notification_deliveries WHERE event_id = ANY ($1::uuid[])) AS d`;
const columns = `name, reason, requested_by AS "requestedBy", requested_at AS "requestedAt"`;
const newestPlans = `SELECT ${columns} FROM nova.replay_plans ORDER BY requested_at DESC LIMIT $1`;
const planNamed = `SELECT ${columns} FROM nova.replay_plans WHERE name = $1`;
const remarks = `
  SELECT event_id AS "eventId", state, remark FROM nova.replay_items
  WHERE plan = $1 AND state IN ('refused', 'failed') ORDER BY place LIMIT $2`;

/** What the ledger says of the deliveries of these events: it decides what a replay does again. */
export async function deliveriesOf(state: Pool, ids: readonly string[]): Promise<DeliveriesBefore> {
  const sum = { settled: 0, open: 0 };
  for (let from = 0; from < ids.length; from += itemsAtOnce) {
    const page = ids.slice(from, from + itemsAtOnce);
    const { settled, open } = (await state.query<DeliveriesBefore>(deliveriesBefore, [page])).rows[0] ?? sum;
    sum.settled += settled;
    sum.open += open;
  }
  return sum;
}

/** Freezes a plan. Nothing is replayed by it. @throws Error when there is one of this name */
export async function freezePlan(state: Pool, { name, filter, reason, actor, runs }: NewPlan): Promise<void> {
  const act = actOf({ actor, command: 'replays plan', reason, planned: runs.length, details: { name, filter } });
  await doing(state, act, async (client) => {
    await client.query(addPlan, [name, JSON.stringify(filter), reason, actor]);
    for (let from = 0; from < runs.length; from += itemsAtOnce) {
      const page = runs.slice(from, from + itemsAtOnce);
      const of = <T>(value: (run: BadRun, i: number) => T): T[] => page.map(value);
      await client.query(addItems, [
        name,
        of((_, i) => from + i),
        of(({ eventId }) => eventId),
        of(({ outbox }) => outbox),
        of(({ eventType }) => eventType),
        of(({ workflowId }) => workflowId),
        of(({ reset }) => reset?.runId ?? null),
        of(({ reset }) => reset?.eventId ?? null),
        of(({ step }) => step),
        of(({ why }) => why.slice(0, 1_000)),
      ]);
    }
    return { value: undefined, ids: [name] };
  });
}

/** The newest plans, with how far each is. */
export async function newestPlansOf(state: Pool, limit: number): Promise<PlanLine[]> {
  const { rows } = await state.query<Omit<PlanLine, 'progress'>>(newestPlans, [limit]);
  return Promise.all(rows.map(async (plan) => ({ ...plan, progress: await progress(state, plan.name) })));
}

/** The plan of this name; undefined: there is none. */
export async function planOf(state: Pool, name: string): Promise<PlanLine | undefined> {
  const [plan] = (await state.query<Omit<PlanLine, 'progress'>>(planNamed, [name])).rows;
  return plan === undefined ? undefined : { ...plan, progress: await progress(state, plan.name) };
}

function progress(state: Pool, name: string): Promise<ReplayProgress> {
  return new PgReplayPlans(state).progress(name);
}

/** The first that were not, or not well, replayed. */
export async function remarksOf(
  state: Pool,
  name: string,
  limit: number,
): Promise<{ readonly eventId: string; readonly state: ReplayState; readonly remark: string | null }[]> {
  return (await state.query<{ eventId: string; state: ReplayState; remark: string | null }>(remarks, [name, limit]))
    .rows;
}

/** By type, step and reason without its ids and numbers: the most first. */
export function groupsOf(runs: readonly BadRun[]): ReplayGroup[] {
  const groups = new Map<string, { readonly first: BadRun; events: number }>();
  for (const run of runs) {
    const key = [run.eventType, run.step, run.why.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g, '#')].join('\n');
    const group = groups.get(key) ?? { first: run, events: 0 };
    group.events += 1;
    groups.set(key, group);
  }
  return [...groups.values()]
    .sort((a, b) => b.events - a.events)
    .map(({ first: { eventType, step, why, eventId }, events }) => ({
      eventType,
      step,
      why,
      events,
      example: eventId,
    }));
}
