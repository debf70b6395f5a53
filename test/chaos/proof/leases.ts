import { type ProofRow } from '../types';
import { type Evidence } from './evidence';
import { proofRow } from './row';

/** With nothing left to do nothing is held: no row, no delivery, no lock, no transaction. */
export function leasesLeaked({ rows, deliveries, held }: Pick<Evidence, 'rows' | 'deliveries' | 'held'>): ProofRow {
  const offenders = [
    ...rows.flatMap(({ id, leased }) => (leased ? [`row ${id} is still leased`] : [])),
    ...deliveries.flatMap(({ state, channel, eventId, recipientId }) =>
      state === 'claimed' ? [`the ${channel} delivery of event ${eventId} to ${recipientId} is still claimed`] : [],
    ),
    ...held,
  ];
  return proofRow('leases leaked', rows.length + deliveries.length, offenders);
}
