import {
  type PlannedReplay,
  type ReplayDeps,
  planFurtherRun,
  startFurtherRun,
} from '../../activities/replay/further-run';
import { type OutboxAway, locate, noRowText } from '../outboxes';

export type { PlannedReplay } from '../../activities/replay/further-run';

/** Looks at each event and says what its replay would be, or why there is none. `again`: also after a completed run. */
export async function planReplays(
  deps: ReplayDeps,
  ids: readonly string[],
  { again }: { again: boolean },
): Promise<{ readonly plans: readonly PlannedReplay[]; readonly away: readonly OutboxAway[] }> {
  const located = await locate(
    deps.outboxes,
    ids.map((id) => id.toLowerCase()),
  );
  const outboxOfId = new Map([...located.ids].flatMap(([outbox, of]) => of.map((id) => [id, outbox] as const)));
  const why = new Map([
    ...located.refused.map((one) => [one.id, one.why] as const),
    ...located.missing.map((id) => [id, noRowText(located.away)] as const),
  ]);
  const plans: PlannedReplay[] = [];
  for (const id of ids.map((one) => one.toLowerCase()))
    plans.push(await planFurtherRun(deps, { id, outbox: outboxOfId.get(id) ?? null, why: why.get(id) ?? '' }, again));
  return { plans, away: located.away };
}

/** Starts the replays of a plan, one after another, and writes each down before its start, with who asked. Returns the workflow ids. */
export async function startReplays(
  deps: Omit<ReplayDeps, 'outboxes'>,
  plans: readonly PlannedReplay[],
  asked: { readonly reason: string | null; readonly by: string },
): Promise<string[]> {
  const started: string[] = [];
  for (const plan of plans) {
    const { request } = plan;
    if (request !== null) started.push(await startFurtherRun(deps, { ...plan, request }, asked));
  }
  return started;
}
