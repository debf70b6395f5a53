/** One promise of the product, looked at from outside. */
export interface CheckResult {
  readonly name: string;
  /** What was promised, in one line. */
  readonly promise: string;
  readonly ok: boolean;
  /** What was counted, in words. */
  readonly found: string;
  readonly counts: Readonly<Record<string, number>>;
  /** The first few that broke the promise, with what was expected and what was found. */
  readonly offenders: readonly string[];
  readonly offenderCount: number;
}

const shown = 5;

/** A check holds when nothing offends against it. */
export function checked(
  name: string,
  promise: string,
  found: string,
  counts: Readonly<Record<string, number>>,
  offenders: readonly string[],
): CheckResult {
  const ok = offenders.length === 0;
  return { name, promise, ok, found, counts, offenders: offenders.slice(0, shown), offenderCount: offenders.length };
}
