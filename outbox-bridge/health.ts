import { type Health } from '../runtime/metrics-server';

/** One outbox as its loop and its chores see it. */
export interface OutboxState {
  readonly name: string;
  readonly state: string;
  readonly reason: string | null;
}

const moves = (state: string): boolean => ['polling', 'starting'].includes(state);

/**
 * Healthy means progress, in every outbox: a bridge in an outage is alive, but its operator must see that something does not move, and
 * the other outboxes would hide it. `alarm`: what people must know of all of them; undefined: nothing.
 */
export function healthOf(outboxes: readonly OutboxState[], alarm: string | undefined): Health {
  const ill = outboxes.find(({ state }) => ['outage', 'refused', 'stuck'].includes(state));
  return {
    ok: ill === undefined && alarm === undefined,
    reason: ill?.reason ?? alarm ?? outboxes.find(({ reason }) => reason !== null)?.reason ?? null,
    outboxes,
  };
}

/**
 * Ready: rows of at least one outbox are claimed and started. Not of all: an orchestrator that waits for readiness would otherwise
 * hold back a roll-out, or take a bridge away, for the sake of one database that is down.
 */
export function readinessOf(outboxes: readonly OutboxState[], alarm: string | undefined): Health {
  if (outboxes.every(({ state }) => ['not started', 'stopping'].includes(state)))
    return { ok: false, reason: 'NOT_RUNNING', outboxes };
  const { reason } = healthOf(outboxes, alarm);
  return { ok: alarm === undefined && outboxes.some(({ state }) => moves(state)), reason, outboxes };
}
