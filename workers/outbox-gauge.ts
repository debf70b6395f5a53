import { Gauge, type Registry } from 'prom-client';
import { type OwnOutbox } from './outboxes';

/** One line for each outbox with a database of its own that this process knows; asked at each scrape. */
export function createOutboxGauge(registry: Registry, outboxes: readonly Pick<OwnOutbox, 'name' | 'fault'>[]) {
  return new Gauge({
    name: 'nova_worker_outbox_refused',
    help: '1 while this worker refuses what events of the outbox need, and tries again: its database does not reply, or is not known to be of this deployment. Of workers.',
    labelNames: ['outbox'] as const,
    registers: [registry],
    collect() {
      for (const { name: outbox, fault } of outboxes) this.set({ outbox }, fault === undefined ? 0 : 1);
    },
  });
}
