import { type FailureCode } from '../contracts/failures';

/** Whether a dependency of the bridge is down, and how long to wait before the next probe: 100 ms growing to 2 s. */
export class Outage {
  private current: { code: FailureCode; detail: string; sinceMs: number } | undefined;
  private probes = 0;

  constructor(private readonly now: () => number) {}

  get active(): { readonly code: FailureCode; readonly detail: string; readonly sinceMs: number } | undefined {
    return this.current;
  }

  /** Returns true when it was not known before. */
  begin(code: FailureCode, detail: string): boolean {
    const isNew = this.current === undefined;
    this.current = { code, detail, sinceMs: this.current?.sinceMs ?? this.now() };
    return isNew;
  }

  /** Milliseconds until the next probe; grows with every call. */
  nextDelayMs(): number {
    return Math.min(100 * 2 ** this.probes++, 2_000);
  }

  /** Returns how long it lasted, in milliseconds, or undefined when there was none. */
  end(): number | undefined {
    const lasted = this.current === undefined ? undefined : this.now() - this.current.sinceMs;
    this.current = undefined;
    this.probes = 0;
    return lasted;
  }
}
