import { type AuditRow } from './pg-audit-rows';
import { type Finding } from './pg-audit-store';
import { type Audit } from './deps';
import { type Gathered, type Suspicion } from './suspicions';

/** What the second look has at hand. */
export interface SecondLook {
  readonly deps: Audit;
  /** When the first look was over, by the clock of each outbox. */
  readonly firstLookUs: ReadonlyMap<string, number>;
  /** By the clock of State. */
  readonly nowUs: number;
  readonly retentionMs: number;
  readonly gathered: Gathered;
}

/**
 * Detail of a finding that stands, with the outbox where only the second look could see whose event it is; or null: it was nothing, or is
 * over, or has a reason.
 */
export type Verify = (
  look: SecondLook,
  suspicion: Suspicion,
) => Promise<string | null | Pick<Finding, 'detail' | 'outbox'>>;

/** The rows of a suspected event, wherever they are in its outbox: one, unless its id was written twice. */
export function rowsOfEvent(
  { outboxes }: Audit,
  { eventId, outbox }: Pick<Suspicion, 'eventId' | 'outbox'>,
): Promise<AuditRow[]> {
  return outboxes.byIds([eventId], undefined, outbox);
}
