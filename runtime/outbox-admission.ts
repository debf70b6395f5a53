import { NovaError } from '../contracts/failures';
import { isDatabaseOutage } from './postgres';

/** A database that has replied to nothing for this long while it was asked is silent. */
const silentMs = 1_000;

/**
 * Whether one outbox may be asked now. A database that hangs keeps who asks it for as long as a connection or a statement may take;
 * with enough events behind it, it would keep every slot of the process, and the events of other outboxes would wait for it. So
 * while it is silent one request at a time waits for it, and the others are refused at once and tried again.
 *
 *   replies ──no reply for a second──▶ silent: one request at a time ──a reply──▶ replies
 */
export class OutboxAdmission {
  private pending = 0;
  /** Of the first request since the last reply. */
  private askedMs: number | undefined;

  constructor(
    private readonly outbox: string,
    /** Why it may not be asked, whatever its database does. */
    private readonly refusal: () => NovaError | undefined = () => undefined,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @throws NovaError DATABASE_UNAVAILABLE, or why it may not be asked at all */
  check(): void {
    const { fault } = this;
    if (fault !== undefined) throw fault;
  }

  /** Why it may not be asked now; undefined: it may. */
  get fault(): NovaError | undefined {
    const refusal = this.refusal();
    if (refusal !== undefined) return refusal;
    if (this.askedMs === undefined || this.pending === 0) return undefined;
    const forMs = this.now() - this.askedMs;
    if (forMs < silentMs) return undefined;
    const detail = `the database of outbox ${this.outbox} has not replied for ${Math.round(forMs / 1_000)} s`;
    return new NovaError('DATABASE_UNAVAILABLE', detail);
  }

  /** Follows one request to the database. Its failure is a reply, unless it is an outage. */
  async follow<T>(request: Promise<T>): Promise<T> {
    this.askedMs ??= this.now();
    this.pending++;
    try {
      const reply = await request;
      this.askedMs = undefined;
      return reply;
    } catch (thrown) {
      if (!isOutage(thrown)) this.askedMs = undefined;
      throw thrown;
    } finally {
      this.pending--;
    }
  }
}

function isOutage(thrown: unknown): boolean {
  return thrown instanceof NovaError ? thrown.code === 'DATABASE_UNAVAILABLE' : isDatabaseOutage(thrown);
}
