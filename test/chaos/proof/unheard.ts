import { emailKey } from '../../../proof/checks/emails';
import { kafkaHeaders } from '../../../contracts/kafka';
import { type Evidence } from './evidence';
import { fatesOf } from './fates';

type Heard = Pick<
  Evidence,
  'books' | 'marks' | 'losses' | 'rows' | 'runs' | 'messages' | 'notices' | 'deliveries' | 'links' | 'mails'
>;

/** Where events were heard of: a place and the ids there. */
function places(evidence: Heard): [place: string, ids: readonly string[]][] {
  const { rows, runs, messages, notices, deliveries, links, mails } = evidence;
  return [
    ['has an outbox row', rows.map(({ id }) => id)],
    ['has a workflow', runs.map(({ workflowId }) => workflowId)],
    ['is on Kafka', messages.map(({ headers }) => headers[kafkaHeaders.eventId] ?? '')],
    ['has a notification', notices.map(({ eventId }) => eventId)],
    ['has a delivery', deliveries.map(({ eventId }) => eventId)],
    ['linked media', links.map(({ eventId }) => eventId)],
    ['sent an e-mail', mails.map(({ messageId }) => emailKey(messageId).split(' ')[0] ?? '')],
  ];
}

/** An event whose transaction did not happen is nowhere. */
export function rolledBackButHeard(evidence: Heard): string[] {
  const { never } = fatesOf(evidence.books, evidence.marks, evidence.losses.transactions);
  return places(evidence).flatMap(([place, ids]) =>
    [...new Set(ids)].filter((id) => never.has(id)).map((id) => `the rolled-back event ${id} ${place}`),
  );
}

/** Events heard of that no writer ever wrote. Runs without a row are reported with the starts. */
export function strangers(evidence: Heard): string[] {
  const { losses } = evidence;
  const { never, happened } = fatesOf(evidence.books, evidence.marks, losses.transactions);
  return places(evidence).flatMap(([place, ids]) =>
    place === 'has a workflow'
      ? []
      : [...new Set(ids)]
          .filter((id) => !never.has(id) && !happened.has(id) && !losses.events.has(id))
          .map((id) => `the unknown event ${id} ${place}`),
  );
}
