import { type ProofRow } from '../types';

const shown = 5;

/** A line of the proof; the sentences are what broke the promise. */
export function proofRow(promise: string, examined: number, offenders: readonly string[]): ProofRow {
  return { promise, examined, violations: offenders.length, examples: offenders.slice(0, shown) };
}
