import { startedFor } from '../../contracts/run-owner';
import { notOurs } from '../../outbox-bridge/not-ours';
import { type Lookup, type StartOutcome, type StartRequest } from '../../outbox-bridge/ports';
import { outboxOf } from '../../contracts/outbox-name';
import { type Parts, realParts } from './parts';

interface ModelRun {
  readonly requestId: string;
  readonly memo: Readonly<Record<string, unknown>> | undefined;
  readonly workflowType: string;
  /** When it closes by itself. */
  readonly closesAtMs: number;
}

/** How Temporal treats the start of one row, apart from what it knows of its id. */
export interface Treatment {
  /** How many starts it refuses for a reason of the row before it accepts one. */
  readonly refusals: number;
  /** How long the workflow runs. */
  readonly runMs: number;
}

/** A row by what is unique of it: two outboxes may have rows of one id. */
export interface RowName {
  readonly id: string;
  readonly outbox: string;
}

/** A run of ours as it really came to be, whatever it says of itself. */
interface Started extends RowName {
  readonly sequence: number;
}

type Failed = Extract<StartOutcome, { kind: 'failed' }>;
type Client = Pick<Parts, 'startOptions' | 'requestIdOf' | 'runOwnerOf'>;

/**
 * Temporal as the bridge meets it through TemporalStarter: REJECT_DUPLICATE, and who owns the id is looked up when another request began
 * its run. Replies to a repeated request with the run that it began, open or closed, until the namespace's retention has deleted it; from
 * then on the same request starts a new run. What is asked, and what is made of a run's memo, is the product's own code.
 */
export class ModelTemporal {
  private readonly runs = new Map<string, ModelRun>();
  private readonly refused = new Map<string, number>();
  /** Every run of ours there ever was, in the order of their starts. */
  readonly started: Started[] = [];
  private readonly client: Client;

  constructor(
    private readonly options: {
      readonly now: () => number;
      readonly retentionMs: number;
      readonly treatmentOf: (row: RowName) => Treatment;
      /** A failure of the environment or of overload that holds now for this type. */
      readonly weather: (eventType: string) => Failed | undefined;
      readonly onStart: (row: RowName) => void;
      readonly client?: Client;
    },
  ) {
    this.client = options.client ?? realParts;
  }

  /** A workflow that someone else started under this id; it stays open. */
  plantForeign(id: string): void {
    this.runs.set(id, { requestId: 'theirs', memo: undefined, workflowType: 'theirs', closesAtMs: Infinity });
  }

  /** The operator deletes the run, as expired retention does. */
  delete(id: string): void {
    this.runs.delete(id);
  }

  /** `outbox`: where the row really is, whatever the request says. */
  start(request: StartRequest, outbox = outboxOf(request.ref)): StartOutcome {
    const { ref, workflowType } = request;
    const weather = this.options.weather(ref.eventType);
    if (weather !== undefined) return weather;
    const options = this.client.startOptions(request, { taskQueuePrefix: 'simulated' });
    const requestId = this.client.requestIdOf(options);
    const known = this.runOf(ref.eventId);
    if (known?.requestId === requestId) return { kind: 'started' };
    if (known !== undefined) {
      const owner = this.ownerOf(known, request);
      return owner === 'ours' ? { kind: 'started' } : { kind: 'failed', ...notOurs(owner, ref.eventId) };
    }
    const row = { id: ref.eventId, outbox };
    const { refusals, runMs } = this.options.treatmentOf(row);
    const refused = this.refusalsOf(row);
    if (refused < refusals) {
      this.refused.set(keyOf(row), refused + 1);
      return { kind: 'failed', code: 'START_REFUSED', detail: `refusal ${refused + 1}` };
    }
    this.options.onStart(row);
    this.runs.set(ref.eventId, { requestId, memo: options.memo, workflowType, closesAtMs: this.options.now() + runMs });
    this.started.push({ ...row, sequence: ref.sequence });
    return { kind: 'started' };
  }

  lookUp(request: StartRequest): Lookup {
    const known = this.runOf(request.ref.eventId);
    return known === undefined ? 'unknown' : this.ownerOf(known, request);
  }

  /** How often a start of this row was refused for a reason of the row. */
  refusalsOf(row: RowName): number {
    return this.refused.get(keyOf(row)) ?? 0;
  }

  /** How many runs this row ever had. */
  runsEver({ id, outbox }: RowName): number {
    return this.started.filter((run) => run.id === id && run.outbox === outbox).length;
  }

  /** Whether a row of another outbox with this id had a run. */
  twinRan({ id, outbox }: RowName): boolean {
    return this.started.some((run) => run.id === id && run.outbox !== outbox);
  }

  private ownerOf({ memo, workflowType }: ModelRun, request: StartRequest): Exclude<Lookup, 'unknown'> {
    const row = { ...request.ref, workflowType: request.workflowType };
    return this.client.runOwnerOf({ startedFor: startedFor(memo), workflowType }, row);
  }

  private runOf(id: string): ModelRun | undefined {
    const run = this.runs.get(id);
    if (run !== undefined && run.closesAtMs + this.options.retentionMs <= this.options.now()) this.runs.delete(id);
    return this.runs.get(id);
  }
}

export const keyOf = ({ id, outbox }: RowName): string => `${outbox}/${id}`;
