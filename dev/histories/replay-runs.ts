import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { oneLine } from '../../runtime/errors';
import { groupBy } from '../../runtime/group-by';
import { type RecordedRun, type UnreadRun, isUnread } from './recorded-runs';

/** A run whose history this code does not replay: deployed, it would stand still. */
export interface BrokenRun {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  readonly status: string;
  /** What does not fit, with the history's event where that is known. */
  readonly why: string;
}

export interface ReplayReport {
  /** How many were replayed to their end, by workflow type. */
  readonly fits: Readonly<Record<string, number>>;
  readonly broken: readonly BrokenRun[];
  readonly unread: readonly UnreadRun[];
}

/** Replays each run under the bundled code. `onBroken` gets each that breaks, with its history. */
export async function replayRuns(
  workflowBundle: WorkflowBundleWithSourceMap,
  runs: AsyncIterable<RecordedRun | UnreadRun>,
  { onProgress, onBroken }: { onProgress: (done: number) => void; onBroken: (run: RecordedRun) => void },
): Promise<ReplayReport> {
  const fits: Record<string, number> = {};
  const broken: BrokenRun[] = [];
  const unread: UnreadRun[] = [];
  // The worker replays one at a time and says what came of it before it takes the next.
  let current: RecordedRun | undefined;
  async function* histories() {
    for await (const run of runs) {
      if (isUnread(run)) {
        unread.push(run);
        continue;
      }
      current = run;
      yield { workflowId: run.workflowId, history: run.history };
    }
  }
  let done = 0;
  for await (const { error } of Worker.runReplayHistories({ workflowBundle }, histories())) {
    const run = current!;
    onProgress(++done);
    if (error === undefined) fits[run.type] = (fits[run.type] ?? 0) + 1;
    else {
      const { workflowId, runId, type, status } = run;
      broken.push({ workflowId, runId, type, status, why: reasonOf(error) });
      onBroken(run);
    }
  }
  return { fits, broken, unread };
}

/** Without what the SDK says before each. */
function reasonOf(error: Error): string {
  return oneLine(error, 2_000).replace(/^Replay failed .*? Details: /, '');
}

/** For people: what breaks, by type and reason, with one run of each as an example. */
export function reportText({ fits, broken, unread }: ReplayReport): string {
  const good = Object.entries(fits).sort(([a], [b]) => a.localeCompare(b));
  const lines = good.map(([type, count]) => `✔ ${type}: ${count} replayed`);
  const groups = groupBy(broken, ({ type, why }) => `${type} ${why.replace(/\d+|[0-9a-f-]{36}/g, '')}`);
  for (const its of groups.values()) {
    const { type, workflowId, runId, status, why } = its[0]!;
    const example = runId === '' ? workflowId : `${workflowId} (${runId}, ${status})`;
    lines.push(`✘ ${type}: ${its.length} would stand still, for example ${example}`, `    ${why}`);
  }
  for (const { name, why } of unread) lines.push(`? ${name} was not replayed: ${why}`);
  return lines.join('\n');
}
