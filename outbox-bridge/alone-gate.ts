/**
 * A row that may kill the process is started while nothing else is in hand: what else had been claimed would end without a word too,
 * and be suspected next. That holds over all outboxes of the process: while one has such a row, the others end the starts that
 * are under way, give back the rest, and claim nothing.
 */
export class AloneGate {
  private readonly members = new Set<Member>();
  private alone: Member | undefined;
  private opened: Promise<void> = Promise.resolve();

  /** `quiet` resolves when nothing is in hand: no claim under way, no start, no mark. */
  join(quiet: () => Promise<void>): Member {
    const member: Member = {
      quiet,
      open: async () => {
        while (this.alone !== undefined && this.alone !== member) await this.opened;
      },
      enter: () => this.enter(member),
      mustClear: () => this.alone !== undefined && this.alone !== member,
    };
    this.members.add(member);
    return member;
  }

  private async enter(member: Member): Promise<(() => void) | undefined> {
    if (this.alone !== undefined) return undefined;
    this.alone = member;
    let leave = (): void => undefined;
    this.opened = new Promise((resolve) => {
      leave = () => {
        this.alone = undefined;
        resolve();
      };
    });
    await Promise.all([...this.members].filter((other) => other !== member).map((other) => other.quiet()));
    return leave;
  }
}

export interface Member {
  readonly quiet: () => Promise<void>;
  /** Resolves when no other outbox is alone. */
  readonly open: () => Promise<void>;
  /**
   * Resolves when nothing of the other outboxes is in hand, with what ends that; undefined: another outbox is alone, and
   * what was claimed must be given back.
   */
  readonly enter: () => Promise<(() => void) | undefined>;
  /** Whether another outbox is alone, or waits to be: what is claimed and not started is given back, so that it does not wait long. */
  readonly mustClear: () => boolean;
}
