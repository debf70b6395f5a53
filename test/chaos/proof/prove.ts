import { type Books } from '../traffic/books';
import { type ChaosWorld, type FaultRecord, type ProofRow, type StallRow } from '../types';
import { ownAudit } from './audits';
import { collect } from './collect';
import { compare, notesOn } from './compare';
import { isolationRow } from './isolation';
import { type OutboxProof, outboxRows } from './per-outbox';
import { restoredRow } from './restored';
import { stallsOf } from './stalls';

export interface Proof {
  readonly rows: readonly ProofRow[];
  readonly stalls: readonly StallRow[];
  /** None with one database for everything. */
  readonly outboxes: readonly OutboxProof[];
  /** Worth knowing, and no violation. */
  readonly notes: readonly string[];
}

/**
 * Compares what the writers wrote down with what every server says, by clients of its own and nothing of the product's;
 * then lets the product's own audit say what it thinks.
 * The system may still run, but must have settled.
 */
export async function prove(options: {
  readonly world: ChaosWorld;
  readonly books: Books;
  readonly faults: readonly FaultRecord[];
  readonly detail?: (text: string) => void;
}): Promise<Proof> {
  const { world, books, faults, detail = () => undefined } = options;
  const collected = await collect(world, books, faults, detail);
  detail('what the product’s own audit says');
  const audit = await ownAudit(world, collected.losses);
  detail('comparing');
  const evidence = { ...collected, findings: audit.findings };
  const { truth, rows } = evidence;
  return {
    rows: [...compare(evidence), ...isolationRow(evidence), ...restoredRow(evidence), audit.row],
    outboxes: world.together ? [] : outboxRows(evidence),
    stalls: stallsOf(truth.events, rows),
    notes: [...notesOn(evidence), audit.note],
  };
}
