import { warnOnce } from './warn-once';

/** What pg's clients know since 8.18: what the server said after the last statement. `I`: no transaction is open. */
interface KnowsTransaction {
  getTransactionStatus(): 'I' | 'T' | 'E' | null;
}

/**
 * Warns when an event that was just inserted has committed by itself: `tx` is a pool of pg, which may run each statement on another
 * connection, or a client of pg outside of a transaction. Of other drivers it is not known.
 */
export function warnIfAlone(tx: object): void {
  const what = isPool(tx) ? 'a Pool' : isOutside(tx) ? 'a client without an open transaction' : undefined;
  if (what === undefined) return;
  warnOnce(
    'NOVA_NO_TRANSACTION',
    `publish was given ${what}: the event has committed by itself, whatever becomes of the business data. Give the client between ` +
      'BEGIN and COMMIT, or { alone: true } for an event that belongs to no transaction',
  );
}

function isPool(tx: object): boolean {
  const { connect, totalCount, waitingCount } = tx as Record<string, unknown>;
  return typeof connect === 'function' && typeof totalCount === 'number' && typeof waitingCount === 'number';
}

function isOutside(tx: object): boolean {
  const { getTransactionStatus } = tx as Partial<KnowsTransaction>;
  return typeof getTransactionStatus === 'function' && getTransactionStatus.call(tx) === 'I';
}
