import { NovaError } from '../../contracts/failures';

/** A topic found missing is not asked for again for this long, so that flushes of other topics stay quick. */
const missingMs = 2_000;
/** After a failure each partition of the topic is sent to by itself for this long. */
const apartMs = 30_000;
/** A partition that failed is left alone for this long, then twice as long, up to the longest. */
const firstPauseMs = 500;
const longestPauseMs = 10_000;

interface Trouble {
  readonly error: NovaError;
  readonly untilMs: number;
  readonly pauseMs: number;
}

/** Remembers what failed lately, so that what works does not wait for it at each flush. Milliseconds of a steady clock. */
export class KafkaTrouble {
  private readonly missing = new Map<string, number>();
  private readonly apart = new Map<string, number>();
  private readonly partitions = new Map<string, Trouble>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Why nothing is sent there now, or undefined. */
  refusal(topic: string, partition: number | undefined): NovaError | undefined {
    if ((this.missing.get(topic) ?? 0) > this.now()) return new NovaError('TOPIC_MISSING', `topic ${topic}`);
    const trouble = this.partitions.get(nameOf(topic, partition));
    return trouble !== undefined && trouble.untilMs > this.now() ? trouble.error : undefined;
  }

  /** True while one partition of the topic must not be in one request with another. */
  isApart(topic: string): boolean {
    return (this.apart.get(topic) ?? 0) > this.now();
  }

  /** True when the last send there failed: others go first. */
  isSuspect(topic: string, partition: number | undefined): boolean {
    return this.partitions.has(nameOf(topic, partition));
  }

  topicMissing(topic: string): void {
    this.missing.set(topic, this.now() + missingMs);
  }

  failedTogether(topic: string): void {
    this.apart.set(topic, this.now() + apartMs);
  }

  failed(topic: string, partition: number | undefined, error: NovaError): void {
    const before = this.partitions.get(nameOf(topic, partition));
    const pauseMs = before === undefined ? firstPauseMs : Math.min(before.pauseMs * 2, longestPauseMs);
    this.partitions.set(nameOf(topic, partition), { error, untilMs: this.now() + pauseMs, pauseMs });
    this.failedTogether(topic);
  }

  worked(topic: string, partition: number | undefined): void {
    this.partitions.delete(nameOf(topic, partition));
  }
}

function nameOf(topic: string, partition: number | undefined): string {
  return `${topic}/${partition ?? 'all'}`;
}
