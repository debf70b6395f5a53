import { type Pool } from 'pg';
import { Gauge, type Registry } from 'prom-client';
import { lastOfState } from '../outbox/housekeeping/chores';

/** What the last housekeeping of State says; every bridge shows it, whichever process did it. */
export function createStateGauges(registry: Registry) {
  const registers = [registry];
  return {
    age: new Gauge({
      name: 'nova_state_housekeeping_age_seconds',
      help: 'Since the housekeeping of State last went well, in whatever process.',
      registers,
    }),
    silent: new Gauge({
      name: 'nova_state_housekeeping_silent_outboxes',
      help: 'Outboxes that did not say then which rows they have: what belongs to events was kept.',
      registers,
    }),
  };
}

export async function readStateGauges(state: Pool, gauges: ReturnType<typeof createStateGauges>): Promise<void> {
  const last = (await state.query<{ age_seconds: number | null; silent: number }>(lastOfState)).rows[0];
  if (typeof last?.age_seconds === 'number') gauges.age.set(last.age_seconds);
  gauges.silent.set(last?.silent ?? 0);
}
