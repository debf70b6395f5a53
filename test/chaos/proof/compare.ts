import { type ProofRow } from '../types';
import { copiesOnKafka, duplicateEffects } from './effects';
import { type Evidence } from './evidence';
import { halfCommitted } from './halves';
import { leasesLeaked } from './leases';
import { subscribersKept } from './heard';
import { lost } from './lost';
import { outOfOrder } from './order';
import { resurrectedDeletes } from './resurrected';
import { duplicateStarts } from './starts';
import { unexplained } from './unexplained';
import { rolledBackButHeard } from './unheard';

/** Every promise, compared with what the servers say. A pure function of the evidence. */
export function compare(evidence: Evidence): ProofRow[] {
  return [
    lost(evidence),
    duplicateStarts(evidence),
    duplicateEffects(evidence),
    outOfOrder(evidence),
    resurrectedDeletes(evidence),
    rolledBackButHeard(evidence),
    halfCommitted(evidence),
    leasesLeaked(evidence),
    subscribersKept(evidence),
    unexplained(evidence),
  ];
}

/** What is worth knowing and breaks no promise, in words. */
export function notesOn({ ledger, marks, messages, deliveries }: Evidence): string[] {
  const { events, copies } = copiesOnKafka(messages);
  const unknown = deliveries.filter(({ state }) => state === 'unknown').length;
  const doubtful = ledger.transactions.filter(({ fate }) => fate === 'in doubt');
  const happened = doubtful.filter(({ tx }) => marks.has(tx)).length;
  return [
    `${copies} copies of ${events} events came to Kafka again, before their mark was written (at least once)`,
    `${unknown} e-mails may have arrived or not: their sender died or lost the answer, and they were not sent again`,
    `of ${doubtful.length} transactions whose COMMIT was not answered, ${happened} had happened`,
  ];
}
