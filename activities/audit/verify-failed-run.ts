import { forgottenSoon, notOnKafka } from '../../contracts/audit-kinds';
import { type DescribedRun } from './audit-runs';
import { eventIdOf, rowOfRun } from './check-runs';
import { type Suspicion } from './suspicions';
import { type SecondLook, rowsOfEvent } from './second-look';

const dayMs = 86_400_000;
const badly: readonly string[] = ['FAILED', 'TIMED_OUT', 'TERMINATED', 'CANCELLED'];

/**
 * A run that ended badly is a finding until a better run has completed: a reset of it, or a replay of its event. That Temporal
 * forgets it, that its row goes, or that a reset is under way ends nothing: what was not done is still not done. A person ends
 * it with `nova audit --acknowledge`.
 */
export async function verifyFailedRun(
  { deps, nowUs, retentionMs }: SecondLook,
  { eventId, known, outbox }: Suspicion,
): Promise<string | null> {
  const run = await deps.runs.describe(eventId);
  if (run?.status === 'COMPLETED') return null;
  if (run !== null && !badly.includes(run.status) && known === null) return null;
  if (run === null && known === null) return null;
  const row = rowOfRun(await rowsOfEvent(deps, { eventId: eventIdOf(eventId), outbox }), run);
  // Without a row, or before its mark, it is another kind, unless it was this one before.
  if (known === null && (row === undefined || row.publishedUs === null)) return null;
  if ((await deps.runs.completedReplays(eventIdOf(eventId))) > 0) return null;
  const parts = [
    run !== null && badly.includes(run.status) ? endOf(run) : wasOnce(known ?? '', run),
    ...(row?.emittedUs === null ? [notOnKafka] : []),
    ...(row === undefined ? ['its row is gone'] : []),
    ...soon(run, nowUs / 1_000, retentionMs),
  ];
  return parts.join(', ');
}

function endOf({ workflowType, status, notDone }: DescribedRun): string {
  const left = notDone.length === 0 ? '' : ` (not done: ${notDone.join(', ')})`;
  return `${workflowType} ${status.toLowerCase().replace('_', ' ')}${left}`;
}

const nowOpen = /^reset and open again; was: /;
const forgotten = /^forgotten by Temporal; was: /;

/** The first part of what was known, with what became of the run since. */
function wasOnce(known: string, run: DescribedRun | null): string {
  const was = (known.replace(nowOpen, '').replace(forgotten, '').split(`, ${notOnKafka}`)[0] ?? '')
    .split(', its row is gone')[0]!
    .split(`, ${forgottenSoon}`)[0]!;
  return run === null ? `forgotten by Temporal; was: ${was}` : `reset and open again; was: ${was}`;
}

/** A warning while it can still be reset. */
function soon(run: DescribedRun | null, nowMs: number, retentionMs: number): string[] {
  if (run === null || run.closedMs === null || retentionMs === 0) return [];
  const forgetsMs = run.closedMs + retentionMs;
  if (forgetsMs - nowMs > Math.min(dayMs, retentionMs / 4)) return [];
  return [`${forgottenSoon} at ${new Date(forgetsMs).toISOString()}`];
}
