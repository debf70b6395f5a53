import { type FailureCode } from '../contracts/failures';

/** Failures that Temporal reports of one start and that a fault of the deployment can look like. */
const suspicious = new Set<FailureCode>(['START_REFUSED', 'FOREIGN_WORKFLOW', 'PAYLOAD_TOO_LARGE']);

export interface FuseLimits {
  /** So many different aggregates in a row that fail alike, with no start between them that succeeds. */
  readonly aggregates: number;
  /** How long failures are not held against their rows, milliseconds; then the rows end by the ordinary rules. */
  readonly patienceMs: number;
}

/**
 * Starts of different aggregates that fail alike in a row, with none that succeeds, are the environment's fault, whatever
 * their code says: a classification can be wrong, and a server can be replaced. While the fuse is blown no such failure is
 * held against its row and no row is given up for it; the first success closes it. So only the few rows that failed
 * before it blew are harmed, each by one counted attempt.
 */
export class Fuse {
  private code: FailureCode | undefined;
  private readonly aggregates = new Set<string>();
  private burnt: { readonly detail: string; readonly sinceMs: number } | undefined;

  /** @param now milliseconds of a clock that no person sets */
  constructor(
    private readonly limits: FuseLimits,
    private readonly now: () => number,
  ) {}

  /** Notes a failure that Temporal reported, and says whose fault it is taken for; `blows`: from now on. */
  failed(aggregateId: string, code: FailureCode, detail: string): 'row' | 'blows' | 'environment' {
    if (!suspicious.has(code)) return 'row';
    if (code !== this.code) this.forget();
    this.code = code;
    // No more than are needed: a long outage must not fill the memory.
    if (this.aggregates.size < this.limits.aggregates) this.aggregates.add(aggregateId);
    if (this.aggregates.size < this.limits.aggregates) return 'row';
    const isNew = this.burnt === undefined;
    this.burnt = { detail, sinceMs: this.burnt?.sinceMs ?? this.now() };
    if (this.now() - this.burnt.sinceMs > this.limits.patienceMs) return 'row';
    return isNew ? 'blows' : 'environment';
  }

  /** A start succeeded. Returns how long the fuse had been blown, in milliseconds; undefined when it was not. */
  succeeded(): number | undefined {
    const lastedMs = this.burnt === undefined ? undefined : this.now() - this.burnt.sinceMs;
    this.forget();
    return lastedMs;
  }

  get blown(): { readonly code: FailureCode; readonly detail: string; readonly sinceMs: number } | undefined {
    return this.code === undefined || this.burnt === undefined ? undefined : { code: this.code, ...this.burnt };
  }

  private forget(): void {
    this.code = undefined;
    this.aggregates.clear();
    this.burnt = undefined;
  }
}
