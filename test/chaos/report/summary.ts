import { percentiles } from '../../../proof/report/percentiles';
import { type OutboxProof } from '../proof/per-outbox';
import { type Standstill } from '../traffic/standstill';
import { type ChaosOptions, type FaultRecord, type ProofRow, type StallRow } from '../types';

/** Faults of one kind on one target, together. */
export interface FaultRow {
  readonly target: string;
  readonly kind: string;
  readonly count: number;
  /** How long they lasted, milliseconds, the longest. */
  readonly longestMs: number;
  /** From the end of the fault until all that was committed by then was done, milliseconds; absent when never measured. */
  readonly recoveryP50Ms?: number;
  readonly recoveryMaxMs?: number;
  /** Faults whose recovery could not be measured because the next fault of the target or the end came first. */
  readonly unmeasured: number;
}

/** What a run came to: what `--json` prints. */
export interface ChaosSummary extends ChaosOptions {
  readonly ok: boolean;
  /** Events the writers know to be committed, and to be rolled back. */
  readonly committed: number;
  readonly rolledBack: number;
  /** Transactions whose COMMIT got no reply; at the end the table shows which of them happened. */
  readonly inDoubt: number;
  /** The longest stretch in which the writers committed nothing. */
  readonly longestStandstill: Standstill;
  readonly proof: readonly ProofRow[];
  readonly faults: readonly FaultRow[];
  readonly stalls: readonly StallRow[];
  /** What the proof says of each outbox; empty with one database for everything. */
  readonly outboxes: readonly OutboxProof[];
  /** Worth knowing, and no violation: redeliveries on Kafka, e-mails whose fate is unknown, … */
  readonly notes: readonly string[];
  /** What had not settled when the wait was given up. */
  readonly unsettled: readonly string[];
  /** From the end of the faults until nothing was pending, milliseconds. */
  readonly settleMs: number;
  readonly totalMs: number;
  /** Logs and evidence; null when they were removed. */
  readonly folder: string | null;
}

/** Every promise kept, and none proved over nothing. */
export function holds(proof: readonly ProofRow[], unsettled: readonly string[]): boolean {
  return unsettled.length === 0 && proof.length > 0 && proof.every((row) => row.violations === 0 && row.examined > 0);
}

/** One row per (target, kind), in the order in which they first happened. */
export function faultRows(records: readonly FaultRecord[]): FaultRow[] {
  const groups = new Map<string, FaultRecord[]>();
  for (const record of records) {
    const key = `${record.fault.target} ${record.fault.kind}`;
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  return [...groups.values()].map((group) => {
    const { target, kind } = (group[0] as FaultRecord).fault;
    const measured = group.flatMap(({ recoveredMs }) => (recoveredMs === null ? [] : [recoveredMs]));
    const recovery = percentiles(measured);
    return {
      target,
      kind,
      count: group.length,
      longestMs: Math.max(...group.map(({ beganAtMs, endedAtMs }) => endedAtMs - beganAtMs)),
      ...(recovery === undefined ? {} : { recoveryP50Ms: recovery.p50, recoveryMaxMs: recovery.max }),
      unmeasured: group.length - measured.length,
    };
  });
}
