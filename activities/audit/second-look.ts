import { type AuditRow } from './pg-audit-rows';
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

/** The rows of this event, wherever they are: one, unless its id was written twice. */
export function rowsOfEvent({ rows }: AuditDeps, eventId: string): Promise<AuditRow[]> {
  return rows.byIds([eventId]);
}
