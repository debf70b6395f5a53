import { type ClaimedRow } from '../../../outbox-bridge/ports';
import { newId } from '../../support/events';

/** A row of an event without many effects, as the first claim of it returns it. */
export function claimedRow(retryCount = 0, aggregateId = newId()): ClaimedRow {
  const payload = { message_id: newId(), conversation_id: aggregateId, editor_id: newId() };
  return {
    id: newId(),
    aggregateId,
    aggregateType: 'conversation',
    eventType: 'message.edited',
    payload,
    payloadBytes: 100,
    createdAt: '2026-01-01T00:00:00.000000Z',
    createdAtMs: 0,
    sequence: 1,
    priority: 2,
    schemaVersion: 1,
    traceparent: null,
    retryCount,
    claimMs: 0,
    claimCount: 1,
    unfinishedClaims: 0,
    firstAttemptAgeMs: 0,
    token: newId(),
  };
}
