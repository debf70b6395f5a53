import { emailKey } from '../../../proof/checks/emails';
import { type Expectation } from '../../../proof/checks/expectation';
import { kafkaFaults } from '../../../proof/checks/kafka';
import { postFaults } from '../../../proof/checks/posts-shown';
import { eventOf } from '../../../proof/checks/replays';
import { runFaults } from '../../../proof/checks/runs';
import { idIn, idsIn } from '../../../proof/checks/truth';
import { kafkaHeaders } from '../../../contracts/kafka';
import { groupBy } from '../../../runtime/group-by';
import { type ProofRow } from '../types';
import { type Evidence } from './evidence';
import { type Line } from './lines';
import { proofRow } from './row';

type Heard = Pick<Evidence, 'runs' | 'messages' | 'notices' | 'deliveries' | 'mails' | 'links' | 'losses'>;

const eventIn = ({ headers }: Evidence['messages'][number]): string => headers[kafkaHeaders.eventId] ?? '';
const eventOfMail = ({ messageId }: { readonly messageId: string }): string => emailKey(messageId).split(' ')[0] ?? '';

/**
 * The evidence without what is of events whose rows a restore took: these may have had their effects or not, and what is true of
 * them is judged on its own (`brokenByLost`). Media of a lost upload hangs on its post until the post goes.
 */
export function withoutLost<E extends Heard>(evidence: E, isGone: (postId: string) => boolean): E {
  const { runs, messages, notices, deliveries, mails, links, losses } = evidence;
  const isKnown = (id: string): boolean => !losses.events.has(id);
  const lostMedia = new Set([...losses.events.values()].map(({ payload = {} }) => idIn(payload, 'media_id')));
  return {
    ...evidence,
    runs: runs.filter(({ workflowId }) => isKnown(eventOf(workflowId))),
    messages: messages.filter((message) => isKnown(eventIn(message))),
    notices: notices.filter(({ eventId }) => isKnown(eventId)),
    deliveries: deliveries.filter(({ eventId }) => isKnown(eventId)),
    mails: mails.filter((mail) => isKnown(eventOfMail(mail))),
    links: links.filter(
      ({ postId, mediaId, eventId }) => isGone(postId) || (isKnown(eventId) && !lostMedia.has(mediaId)),
    ),
  };
}

/** An upload that a lost post named was claimed by it, whatever the rows say: it need not have ended as unclaimed. */
export function withoutLostClaims(
  expected: Expectation,
  { truth, losses }: Pick<Evidence, 'truth' | 'losses'>,
): Expectation {
  const claimed = new Set([...losses.events.values()].flatMap(({ payload = {} }) => idsIn(payload, 'media_ids')));
  if (claimed.size === 0) return expected;
  const mediaOf = new Map(truth.events.map(({ id, payload }) => [id, idIn(payload, 'media_id')]));
  const unclaimed = [...expected.media.unclaimed].filter((id) => !claimed.has(mediaOf.get(id) ?? ''));
  return { ...expected, media: { ...expected.media, unclaimed: new Set(unclaimed) } };
}

/** What holds of events whose rows are gone: no effect twice, order on Kafka with those before and after, delete wins. */
export function brokenByLost(expected: Expectation, evidence: Evidence): Partial<Record<Line, readonly string[]>> {
  const { losses, truth, messages } = evidence;
  if (losses.events.size === 0) return {};
  const isLost = (id: string): boolean => losses.events.has(id);
  const runs = evidence.runs.filter(({ workflowId }) => isLost(eventOf(workflowId)));
  return {
    'duplicate starts': runFaults({ events: [], rolledBack: new Set() }, runs).duplicates,
    'duplicate effects': [
      ...twice(evidence.notices.filter(({ eventId }) => isLost(eventId)).map(keyOf), 'the notice'),
      ...twice(
        evidence.mails.filter((mail) => isLost(eventOfMail(mail))).map((mail) => emailKey(mail.messageId)),
        'the e-mail',
      ),
    ],
    'out of order on Kafka': disorder(messages),
    'resurrected deletes': [
      ...kafkaFaults({ events: [], rolledBack: truth.rolledBack }, messages).reborn,
      ...postFaults(expected, evidence).resurrected,
    ],
    unexplained: runs
      .filter(({ status }) => status === 'RUNNING')
      .map(({ workflowId }) => `workflow ${workflowId} of a lost event is still open`),
  };
}

const keyOf = ({ eventId, recipientId }: { eventId: string; recipientId: string }): string =>
  `${eventId} ${recipientId}`;

function twice(keys: readonly string[], what: string): string[] {
  return [...groupBy(keys, (key) => key)].flatMap(([key, all]) =>
    all.length > 1 ? [`${what} of the lost event ${key.replace(' ', ' to ')} is there ${all.length} times`] : [],
  );
}

/** By the sequence that each message says, first copies only: also across a restore the later of a key has the greater one. */
function disorder(messages: Evidence['messages']): string[] {
  return [...groupBy(messages, ({ topic, partition, key }) => `${topic}/${partition} ${key}`).values()].flatMap(
    (ofKey) => {
      const seen = new Set<string>();
      let latest = -1;
      return [...ofKey]
        .sort((a, b) => a.offset - b.offset)
        .flatMap((message) => {
          const id = eventIn(message);
          if (seen.has(id)) return [];
          seen.add(id);
          const sequence = Number(message.headers[kafkaHeaders.sequence]);
          const isLate = sequence <= latest;
          latest = Math.max(latest, sequence);
          return isLate
            ? [
                `${message.topic}/${message.partition}@${message.offset}: event ${id} (sequence ${sequence}) after ${latest}`,
              ]
            : [];
        });
    },
  );
}

/** A line of the proof of its own; absent where nothing was restored. */
export function restoredRow({ losses, restores, findings, runs, messages }: Evidence): ProofRow[] {
  if (restores.length === 0) return [];
  const heard = new Set([...runs.map(({ workflowId }) => eventOf(workflowId)), ...messages.map(eventIn)]);
  const explained = new Set(findings.filter(({ acknowledged }) => acknowledged).map(({ eventId }) => eventOf(eventId)));
  const known = new Set(findings.map(({ eventId }) => eventOf(eventId)));
  const unnamed = [...losses.events.values()].flatMap(({ id, type, service }) => {
    if (!heard.has(id)) return [];
    if (!known.has(id))
      return [`event ${id} (${type}) of ${service} took effect, its row is lost, and no audit named it`];
    return explained.has(id) ? [] : [`event ${id} (${type}) of ${service} was named by an audit, and not explained`];
  });
  const { kept, transactions } = losses;
  return [
    proofRow('restored outboxes: lost, not named by the audit', transactions.size + kept.length, [...kept, ...unnamed]),
  ];
}
