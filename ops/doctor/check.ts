import { oneLine } from '../../runtime/errors';
import { serviceErrorIn } from '../../runtime/service-error';
import { tlsFault } from '../../runtime/tls';

/**
 * `note`: it is not used, which may be as it should. `warning`: it works, and may stop to. `fault`: something does not work.
 * `unknown`: it could not be looked at.
 */
export type CheckState = 'ok' | 'note' | 'warning' | 'fault' | 'unknown';

/** One thing that a deployment needs, and whether it has it. */
export interface Check {
  /** `PostgreSQL`, `outbox content`, `Temporal`, `Kafka`, `Redis`, `mail`. */
  readonly of: string;
  readonly what: string;
  readonly state: CheckState;
  /** What was found. */
  readonly says: string;
  /** What to do; null when there is nothing to do. */
  readonly cure: string | null;
}

type Found = Omit<Check, 'of' | 'what'>;

export const ok = (says: string): Found => ({ state: 'ok', says, cure: null });
export const note = (says: string): Found => ({ state: 'note', says, cure: null });
export const warning = (says: string, cure: string): Found => ({ state: 'warning', says, cure });
export const fault = (says: string, cure: string): Found => ({ state: 'fault', says, cure });

/** Looks at one thing; what cannot be looked at is said, and hides no other. */
async function look(of: string, what: string, work: () => Promise<Found>): Promise<Check> {
  try {
    return { of, what, ...(await work()) };
  } catch (thrown) {
    const says = tlsFault(thrown) ?? oneLine(serviceErrorIn(thrown) ?? thrown);
    return { of, what, state: 'unknown', says, cure: null };
  }
}

/** Of a server: first whether it can be reached; of one that cannot, nothing else is asked. */
export async function lookAtServer(
  of: string,
  reach: { readonly work: () => Promise<string>; readonly cure: string },
  others: Readonly<Record<string, () => Promise<Found>>>,
): Promise<Check[]> {
  const reached = await look(of, 'reachable', async () => ok(await reach.work()));
  if (reached.state === 'unknown') return [{ ...reached, state: 'fault', cure: reach.cure }];
  return [reached, ...(await Promise.all(Object.entries(others).map(([what, work]) => look(of, what, work))))];
}
