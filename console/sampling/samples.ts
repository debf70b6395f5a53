import { type PriorityName, priorityNames } from '../../contracts/priority';
import { type StartsLately } from '../../ops/status/starts-lately';
import { type Status } from '../../ops/status/status-said';

/** One priority at one moment, all outboxes together. Null: the outboxes could not be asked. */
export interface Figures {
  readonly pending: number | null;
  /** Events started in a second. */
  readonly rate: number | null;
  /** Seconds from commit to start of 95 % of them, of the slowest outbox; null also: none was started. */
  readonly p95: number | null;
}

export interface Sample {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly byPriority: Readonly<Record<PriorityName, Figures>>;
}

/** @param starts of each outbox that replied; null: none did */
export function sampleOf(
  at: number,
  { pending }: Pick<Status, 'pending'>,
  starts: readonly StartsLately[] | null,
  withinMs: number,
): Sample {
  const figures = (name: PriorityName): Figures => {
    const own = (starts ?? []).filter(({ priority }) => priority === name);
    const rows = own.reduce((sum, one) => sum + one.rows, 0);
    const waiting = (pending ?? []).filter(({ priority }) => priority === name);
    return {
      pending: pending === undefined ? null : waiting.reduce((sum, one) => sum + one.rows, 0),
      rate: starts === null ? null : (rows * 1_000) / withinMs,
      p95: own.length === 0 ? null : Math.max(...own.map(({ p95 }) => p95)),
    };
  };
  return {
    at,
    byPriority: Object.fromEntries(priorityNames.map((name) => [name, figures(name)])) as Record<PriorityName, Figures>,
  };
}

/** The newest samples; the oldest goes when there are as many as it holds. */
export class Ring {
  private readonly kept: Sample[] = [];

  constructor(private readonly most: number) {}

  add(sample: Sample): void {
    this.kept.push(sample);
    if (this.kept.length > this.most) this.kept.shift();
  }

  /** The oldest first. */
  get samples(): readonly Sample[] {
    return this.kept;
  }
}
