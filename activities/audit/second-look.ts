import { type AuditRow } from './audit-rows';
import { type AuditDeps } from './deps';
import { type Gathered, type Suspicion } from './suspicions';

/** What the second look has at hand. */
export interface SecondLook {
  readonly deps: AuditDeps;
  /** When the first look was over, and now, by the database's clock. */
  readonly firstLookUs: number;
  readonly nowUs: number;
  readonly retentionMs: number;
  readonly gathered: Gathered;
}

/** Detail of a finding that stands, or null: it was nothing, or is over, or has a reason. */
export type Verify = (look: SecondLook, suspicion: Suspicion) => Promise<string | null>;

/** The row of this event, wherever it is. */
export async function rowOf({ rows }: AuditDeps, eventId: string): Promise<AuditRow | undefined> {
  return (await rows.byIds([eventId]))[0];
}
