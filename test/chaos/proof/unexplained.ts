import { emailFaults, emailKey, nameOfEmail } from '../../../proof/checks/emails';
import { expectedFeeds } from '../../../proof/checks/expected-feeds';
import { expectedNotifications } from '../../../proof/checks/expected-notifications';
import { kafkaFaults } from '../../../proof/checks/kafka';
import { mediaFaults } from '../../../proof/checks/media';
import { notificationFaults } from '../../../proof/checks/notifications';
import { isDeleted } from '../../../proof/checks/truth';
import { type ProofRow } from '../types';
import { bridgeTrouble } from './bridge-trouble';
import { emailTruth, type Evidence } from './evidence';
import { feedFaults } from './lost';
import { badlyEnded, byEvent } from './replays';
import { proofRow } from './row';
import { strangers } from './unheard';

/** Every row, run, delivery and effect is as it must be at the end, or says why not. */
export function unexplained(evidence: Evidence): ProofRow {
  const { truth, rows, runs, deliveries, bridges } = evidence;
  const offenders = [
    ...rows.flatMap(rowTrouble),
    ...badlyEnded(runs).map(
      ({ workflowId, runId, type, status }) => `workflow ${workflowId} (${type}, run ${runId}) is ${status}`,
    ),
    ...bridges.flatMap(bridgeTrouble),
    ...deliveryTrouble(evidence),
    ...strangers(evidence),
    ...kafkaFaults(truth, evidence.messages).wrong,
    ...notificationFaults(expectedNotifications(truth), evidence.told).wrong,
    ...mediaTrouble(evidence),
    ...feedTrouble(evidence),
  ];
  return proofRow('unexplained', rows.length + runs.length + deliveries.length, offenders);
}

/** The traffic has no poison and no person gives up rows: whatever counted an attempt or dead-lettered a row was an outage. */
function rowTrouble(row: Evidence['rows'][number]): string[] {
  const { id, publishedAtMs, emittedAtMs, deadLetteredAtMs, retryCount, lastError } = row;
  return [
    ...(publishedAtMs === null ? [`row ${id} is not published: ${lastError ?? 'no reason given'}`] : []),
    ...(emittedAtMs === null ? [`row ${id} is not marked as emitted: ${lastError ?? 'no reason given'}`] : []),
    ...(deadLetteredAtMs === null ? [] : [`row ${id} is dead-lettered: ${lastError ?? 'no reason given'}`]),
    ...(retryCount === 0 ? [] : [`row ${id} had ${retryCount} attempts burnt: ${lastError ?? 'no reason given'}`]),
    ...(publishedAtMs === null || lastError === null ? [] : [`row ${id} is published, and says ${lastError}`]),
  ];
}

/** What the mail server got, the delivery ledger must know of; what it says was sent, the mail server must have got. */
function deliveryTrouble(evidence: Evidence): string[] {
  const { truth, deliveries, mails } = evidence;
  const received = new Set(mails.map(({ messageId }) => emailKey(messageId)));
  const states = new Map<string, string>();
  for (const { channel, eventId, recipientId, state } of deliveries)
    if (channel === 'email') states.set(`${eventId} ${recipientId}`, state);
  const unknownToLedger = [...received].filter((key) => !['sent', 'unknown'].includes(states.get(key) ?? ''));
  const neverSent = [...states].filter(([key, state]) => state === 'sent' && !received.has(key));
  const { unexpected } = emailFaults(emailTruth(evidence, expectedNotifications(truth)), mails);
  return [
    ...deliveries.flatMap(({ state, channel, eventId, recipientId }) =>
      state === 'pending' || state === 'failed'
        ? [`the ${channel} delivery of event ${eventId} to ${recipientId} is ${state}`]
        : [],
    ),
    ...unknownToLedger.map((key) => `${nameOfEmail(key)} was sent, and its delivery is ${states.get(key) ?? 'absent'}`),
    ...neverSent.map(([key]) => `${nameOfEmail(key)} is marked as sent, and never arrived`),
    ...unexpected.map((key) => `${nameOfEmail(key)} should not have been sent`),
  ];
}

function mediaTrouble({ truth, links, runs }: Evidence): string[] {
  const { unexpected, unended } = mediaFaults(truth, links, byEvent(runs));
  return [...unexpected, ...unended];
}

/** What is in feeds and was not deleted, but should not be there or not so; and who is pulled instead of pushed. */
function feedTrouble({ truth, redis }: Evidence): string[] {
  const expected = expectedFeeds(truth);
  const unsaid = [...expected.pullAuthors].filter((author) => !redis.pullAuthors.has(author));
  const wrong = [...redis.pullAuthors].filter((author) => !expected.isPull(author));
  const deleted = (user: string): boolean => {
    const entries = redis.feeds.get(user)?.entries ?? [];
    return entries.some(({ postId }) => isDeleted(truth, postId));
  };
  return [
    ...feedFaults({ truth, redis }).flatMap(({ kind, what, user }) => {
      // Told with the losses, the duplicates and the resurrected.
      if (kind === 'lacks' || kind === 'over the cap') return [];
      return kind === 'extra' && deleted(user) ? [] : [what];
    }),
    ...unsaid.map((author) => `Redis does not know that author ${author} is pulled`),
    ...wrong.map((author) => `Redis says that author ${author} is pulled, and is not`),
  ];
}
