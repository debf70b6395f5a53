import { kafkaFaults } from '../../../proof/checks/kafka';
import { type ProofRow } from '../types';
import { type Evidence } from './evidence';
import { proofRow } from './row';

/** By first appearance, the events of every aggregate are on Kafka in the order in which they were committed. */
export function outOfOrder({ truth, messages }: Pick<Evidence, 'truth' | 'messages'>): ProofRow {
  return proofRow('out of order on Kafka', messages.length, kafkaFaults(truth, messages).disorder);
}
