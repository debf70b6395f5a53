import { emailFaults, nameOfEmail } from '../../../proof/checks/emails';
import { expectedFeeds } from '../../../proof/checks/expected-feeds';
import { expectedNotifications } from '../../../proof/checks/expected-notifications';
import { faultsOf, type FeedFault } from '../../../proof/checks/feeds';
import { kafkaFaults } from '../../../proof/checks/kafka';
import { mediaFaults } from '../../../proof/checks/media';
import { notificationFaults } from '../../../proof/checks/notifications';
import { postFaults } from '../../../proof/checks/posts-shown';
import { type ProofRow } from '../types';
import { emailTruth, type Evidence } from './evidence';
import { byEvent } from './replays';
import { proofRow } from './row';

/** Every event that was committed was started, is on Kafka, and has all its effects. */
export function lost(evidence: Evidence): ProofRow {
  const { truth, unaccounted, rows, runs, messages } = evidence;
  const started = new Set(runs.map(({ workflowId }) => workflowId));
  const published = new Map(rows.map((row) => [row.id, row.publishedAtMs !== null]));
  const offenders = [
    ...unaccounted,
    ...truth.events.flatMap(({ id, type }) => (started.has(id) ? [] : [`event ${id} (${type}) has no workflow`])),
    ...truth.events.flatMap(({ id, type }) => (published.get(id) ? [] : [`event ${id} (${type}) is not published`])),
    ...kafkaFaults(truth, messages).missing,
    ...feedFaults(evidence)
      .filter(({ kind }) => kind === 'lacks')
      .map(({ what }) => what),
    ...notificationFaults(expectedNotifications(truth), evidence.told).missing,
    ...lostEmails(evidence),
    ...mediaFaults(truth, evidence.links, byEvent(runs)).missing,
    ...lostShows(evidence),
  ];
  return proofRow('lost', truth.events.length, offenders);
}

export interface NamedFeedFault extends FeedFault {
  readonly user: string;
}

/** What is wrong with any feed, each named. */
export function feedFaults({ truth, redis }: Pick<Evidence, 'truth' | 'redis'>): NamedFeedFault[] {
  const expected = expectedFeeds(truth);
  const users = new Set([...expected.feeds.keys(), ...redis.feeds.keys()]);
  return [...users].flatMap((user) => {
    const stored = redis.feeds.get(user) ?? { entries: [], bound: null };
    const faults = faultsOf(expected.feeds.get(user) ?? [], stored, truth.feedCap, () => expected.everScores(user));
    return faults.map(({ kind, what }) => ({ kind, user, what: `feed:${user}: ${what}` }));
  });
}

/** An e-mail whose answer was lost is never sent again: it may have arrived or not, and the ledger says so. */
function lostEmails(evidence: Evidence): string[] {
  const { truth, mails, deliveries } = evidence;
  const unknown = new Set(
    deliveries.flatMap((one) => (one.state === 'unknown' ? [`${one.eventId} ${one.recipientId}`] : [])),
  );
  const { missing } = emailFaults(emailTruth(evidence, expectedNotifications(truth)), mails);
  return missing.filter((key) => !unknown.has(key)).map((key) => `${nameOfEmail(key)} did not arrive`);
}

/** After Redis was wiped the cache fills again as it is asked; then only what it has must be right. */
function lostShows({ truth, redis, faults }: Evidence): string[] {
  const { stale, uncached } = postFaults(truth, { redis, notified: [] });
  return wasWiped(faults) ? [...stale] : [...stale, ...uncached];
}

function wasWiped(faults: Evidence['faults']): boolean {
  return faults.some(({ fault }) => fault.kind === 'wipe');
}
