/**
 * A row that may kill the process is started while nothing else is in hand: what else had been claimed would end without a word too,
 * and be suspected next. That holds over all outboxes of the process: while one has such a row, the others end the starts that
 * are under way, give back the rest, and claim nothing. Afterwards they have as long without it as it had without them, however many such
 * rows it has: a database whose marks were lost for a while delays its own events, not those of others.
 */
export class AloneGate {
  private readonly members = new Set<Member>();
  private alone: Member | undefined;
  private opened: Promise<void> = Promise.resolve();
  /** Milliseconds that the others were kept from claiming, and have not got back. */
  private readonly owed = new Map<Member, number>();

  /** Milliseconds of a clock that does not jump. */
  constructor(private readonly time: { readonly now: () => number; readonly sleep: (ms: number) => Promise<void> }) {}

  /** `quiet` resolves when nothing is in hand: no claim under way, no start, no mark. */
  join(quiet: () => Promise<void>): Member {
    const member: Member = {
      quiet,
      open: async () => {
        const owedMs = this.owed.get(member) ?? 0;
        this.owed.delete(member);
        if (owedMs > 0 && this.members.size > 1) await this.time.sleep(owedMs);
        while (this.isShutFor(member)) await this.opened;
      },
      enter: () => this.enter(member),
      mustClear: () => this.isShutFor(member),
    };
    this.members.add(member);
    return member;
  }

  /** Another is alone, or waits to be. */
  private isShutFor(member: Member): boolean {
    return this.alone !== undefined && this.alone !== member;
  }

  private async enter(member: Member): Promise<(() => void) | undefined> {
    if (this.alone !== undefined) return undefined;
    this.alone = member;
    const since = this.time.now();
    let leave = (): void => undefined;
    this.opened = new Promise((resolve) => {
      leave = () => {
        this.alone = undefined;
        this.owed.set(member, this.time.now() - since);
        resolve();
      };
    });
    await Promise.all([...this.members].filter((other) => other !== member).map((other) => other.quiet()));
    return leave;
  }
}

export interface Member {
  readonly quiet: () => Promise<void>;
  /** Resolves when no other outbox is alone, and the others have had the time that this one was alone. */
  readonly open: () => Promise<void>;
  /**
   * Resolves when nothing of the other outboxes is in hand, with what ends that; undefined: another outbox is alone, and
   * what was claimed must be given back.
   */
  readonly enter: () => Promise<(() => void) | undefined>;
  /** Whether another outbox is alone, or waits to be: what is claimed and not started is given back, so that it does not wait long. */
  readonly mustClear: () => boolean;
}
