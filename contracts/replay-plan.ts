/** What an item of a plan of replays can be. */
export const replayStates = ['planned', 'started', 'completed', 'failed', 'healed', 'refused'] as const;
export type ReplayState = (typeof replayStates)[number];

/** How many items of a plan are in each state. */
export type ReplayProgress = Readonly<Record<ReplayState, number>>;

/** Input of the workflow that works a plan off. */
export interface ReplayOrder {
  /** Name of the plan in State. */
  readonly plan: string;
  /** Replays started in a second, at most. */
  readonly perSecond: number;
  /** Of a run that goes on in a successor: who paused it. */
  readonly paused?: ReplayPause | null;
}

export interface ReplayPause {
  readonly by: string;
  readonly reason: string | null;
}

/** Signals that the workflow takes. */
export const replaySignals = { pause: 'pause', resume: 'resume', stop: 'stop', pace: 'pace' } as const;
/** Query that says how far it is. */
export const replayProgressQuery = 'progress';

export interface ReplayReport {
  readonly plan: string;
  readonly progress: ReplayProgress;
  readonly perSecond: number;
  readonly paused: ReplayPause | null;
  /** Who stopped it before its end; null: no one did. */
  readonly stopped: ReplayPause | null;
}

/** How many items of a plan are past, of how many, and as a bar: `███░░░`. */
export function replayBar(progress: ReplayProgress) {
  const total = Object.values(progress).reduce((sum, count) => sum + count, 0);
  const past = total - progress.planned;
  const full = total === 0 ? 0 : Math.floor((past * barWidth) / total);
  return { bar: `${'█'.repeat(full)}${'░'.repeat(barWidth - full)}`, past, total };
}

const barWidth = 30;
