/** Outboxes whose nudges are relied on take this part of the polls, all together. */
const partOfNudged = 0.2;

/**
 * How long an idle outbox rests between polls at most, beside the others of its process. Those that nothing announces share the polls per
 * second among themselves; those whose nudges are relied on are polled only for what no nudge says: a row whose back-off ends, or whose
 * lease was another bridge's.
 */
export class PollBudget {
  private readonly members: (() => boolean)[] = [];

  constructor(
    private readonly limits: {
      readonly pollsPerSecond: number;
      /** Of an outbox with the process to itself. */
      readonly polledMs: number;
      readonly nudgedMs: number;
    },
  ) {}

  /** `isNudged`: whether its nudges are relied on now. Returns what asks for its longest rest, milliseconds. */
  join(isNudged: () => boolean): () => number {
    this.members.push(isNudged);
    return () => this.longestMs(isNudged());
  }

  private longestMs(nudged: boolean): number {
    const { pollsPerSecond, polledMs, nudgedMs } = this.limits;
    const alike = this.members.filter((isNudged) => isNudged() === nudged).length;
    const shareMs = (1_000 * alike) / (pollsPerSecond * (nudged ? partOfNudged : 1));
    return nudged ? Math.max(polledMs, nudgedMs, shareMs) : Math.max(polledMs, shareMs);
  }
}
