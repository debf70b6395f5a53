import { type Lanes } from './lanes';
import { type Grant, type Line, nextGrant, offerTo } from './slot-rules';

/** One outbox's side of the slots. */
export interface OutboxSlots {
  /** What a claim may take now. */
  offer(): Lanes;
  /** Resolves when a series whose head has this priority may be started; call the result when the series has ended. */
  take(priority: number): Promise<() => void>;
  /** Resolves when a slot is given back, by whatever outbox, or at `wake`. */
  freed(): Promise<void>;
  wake(): void;
}

interface OpenLine extends Line {
  readonly running: number[];
  readonly waiting: number[];
  byTurn: number;
  lastTurn: number;
  /** By priority, in the order of their coming. */
  readonly tickets: ((release: () => void) => void)[][];
  wake: (() => void) | undefined;
}

/** The slots of the start window, shared by the outboxes of a process; the rules are in slot-rules.ts. */
export class StartSlots {
  private readonly lines = new Map<string, OpenLine>();
  private turn = 0;

  /** `window.limit`: so many series may have a start under way. */
  constructor(
    private readonly window: { readonly limit: number },
    private readonly rule: typeof nextGrant = nextGrant,
  ) {}

  of(outbox: string): OutboxSlots {
    const line: OpenLine = {
      ...{ running: [0, 0, 0, 0], waiting: [0, 0, 0, 0], byTurn: 0, lastTurn: 0 },
      ...{ tickets: [[], [], [], []], wake: undefined },
    };
    this.lines.set(outbox, line);
    const wake = (): void => line.wake?.();
    return {
      offer: () => offerTo(this.window.limit, this.lines, outbox),
      take: (priority) => this.take(line, priority),
      freed: () => new Promise((resolve) => (line.wake = resolve)),
      wake,
    };
  }

  private take(line: OpenLine, priority: number): Promise<() => void> {
    // A row with a priority that there is not is refused when it is tried.
    const lane = Math.min(Math.max(priority, 0), 3);
    return new Promise((resolve) => {
      line.waiting[lane] = (line.waiting[lane] ?? 0) + 1;
      line.tickets[lane]?.push(resolve);
      this.fill();
    });
  }

  private fill(): void {
    for (;;) {
      const grant = this.rule(this.window.limit, this.lines);
      const line = grant && this.lines.get(grant.outbox);
      if (grant === undefined || line === undefined) return;
      line.waiting[grant.priority] = (line.waiting[grant.priority] ?? 0) - 1;
      line.running[grant.priority] = (line.running[grant.priority] ?? 0) + 1;
      line.byTurn += grant.byTurn ? 1 : 0;
      line.lastTurn = ++this.turn;
      line.tickets[grant.priority]?.shift()?.(() => this.release(line, grant));
    }
  }

  private release(line: OpenLine, { priority, byTurn }: Grant): void {
    line.running[priority] = (line.running[priority] ?? 0) - 1;
    line.byTurn -= byTurn ? 1 : 0;
    this.fill();
    for (const each of this.lines.values()) each.wake?.();
  }
}
