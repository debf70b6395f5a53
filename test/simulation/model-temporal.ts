import { type Lookup, type StartOutcome, type StartRequest } from '../../outbox-bridge/ports';

export interface ModelRun {
  readonly ours: boolean;
  readonly startedAtMs: number;
  /** When it closes by itself. */
  readonly closesAtMs: number;
}

/** How Temporal treats one event id, apart from what it knows of it. */
export interface Treatment {
  /** How many starts it refuses for a reason of the row before it accepts one. */
  readonly refusals: number;
  /** How long the workflow runs. */
  readonly runMs: number;
}

type Failed = Extract<StartOutcome, { kind: 'failed' }>;

/**
 * Temporal as the bridge meets it through TemporalStarter: a start whose request id is the event id, REJECT_DUPLICATE,
 * verified when someone else owns the id. Replies to a repeated start of ours with our run, open or closed, until the
 * namespace's retention has deleted it; from then on the same request starts a new run.
 */
export class ModelTemporal {
  private readonly runs = new Map<string, ModelRun>();
  private readonly refused = new Map<string, number>();
  /** Every run of ours there ever was, in the order of their starts. */
  readonly started: { readonly id: string; readonly atMs: number }[] = [];

  constructor(
    private readonly options: {
      readonly now: () => number;
      readonly retentionMs: number;
      readonly treatmentOf: (id: string) => Treatment;
      /** A failure of the environment or of overload that holds now for this type. */
      readonly weather: (eventType: string) => Failed | undefined;
      readonly onStart: (id: string) => void;
    },
  ) {}

  /** A workflow that someone else started under this id; it stays open. */
  plantForeign(id: string): void {
    this.runs.set(id, { ours: false, startedAtMs: this.options.now(), closesAtMs: Infinity });
  }

  /** The operator deletes the run, as expired retention does. */
  delete(id: string): void {
    this.runs.delete(id);
  }

  start({ ref }: Pick<StartRequest, 'ref'>): StartOutcome {
    const weather = this.options.weather(ref.eventType);
    if (weather !== undefined) return weather;
    const known = this.runOf(ref.eventId);
    if (known?.ours === true) return { kind: 'started' };
    if (known !== undefined) return { kind: 'failed', code: 'FOREIGN_WORKFLOW', detail: 'exists, not ours' };
    const { refusals, runMs } = this.options.treatmentOf(ref.eventId);
    const refused = this.refusalsOf(ref.eventId);
    if (refused < refusals) {
      this.refused.set(ref.eventId, refused + 1);
      return { kind: 'failed', code: 'START_REFUSED', detail: `refusal ${refused + 1}` };
    }
    const nowMs = this.options.now();
    this.options.onStart(ref.eventId);
    this.runs.set(ref.eventId, { ours: true, startedAtMs: nowMs, closesAtMs: nowMs + runMs });
    this.started.push({ id: ref.eventId, atMs: nowMs });
    return { kind: 'started' };
  }

  lookUp({ ref }: Pick<StartRequest, 'ref'>): Lookup {
    const known = this.runOf(ref.eventId);
    if (known === undefined) return 'unknown';
    return known.ours ? 'ours' : 'foreign';
  }

  /** How often a start of this id was refused for a reason of the row. */
  refusalsOf(id: string): number {
    return this.refused.get(id) ?? 0;
  }

  /** How many runs of ours this id ever had. */
  runsEver(id: string): number {
    return this.started.filter((run) => run.id === id).length;
  }

  private runOf(id: string): ModelRun | undefined {
    const run = this.runs.get(id);
    if (run !== undefined && run.closesAtMs + this.options.retentionMs <= this.options.now()) this.runs.delete(id);
    return this.runs.get(id);
  }
}
