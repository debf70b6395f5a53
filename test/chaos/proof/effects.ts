import { kafkaHeaders } from '../../../contracts/kafka';
import { emailFaults, nameOfEmail } from '../../../proof/checks/emails';
import { expectedNotifications } from '../../../proof/checks/expected-notifications';
import { groupBy } from '../../../runtime/group-by';
import { mediaFaults } from '../../../proof/checks/media';
import { notificationFaults } from '../../../proof/checks/notifications';
import { type FaultRecord, type ProofRow } from '../types';
import { emailTruth, type Evidence } from './evidence';
import { feedFaults } from './lost';
import { proofRow } from './row';

/** No one was notified twice, no feed is too long, no media hangs on two posts, and Kafka got nothing again once it was marked. */
export function duplicateEffects(evidence: Evidence): ProofRow {
  const { truth, told, mails, links, messages, redis } = evidence;
  const expected = expectedNotifications(truth);
  const offenders = [
    ...notificationFaults(expected, told).duplicates,
    ...emailFaults(emailTruth(evidence, expected), mails).duplicates.map(
      ({ key, count }) => `${nameOfEmail(key)} was sent ${count} times`,
    ),
    ...feedFaults(evidence).flatMap(({ kind, what }) => (kind === 'over the cap' ? [what] : [])),
    ...repeatedEntries(redis.feeds),
    ...mediaFaults(truth, links, evidence.runs).duplicates,
    ...sharedMedia(links),
    ...lateCopies(evidence),
  ];
  return proofRow('duplicate effects', told.length + mails.length + links.length + messages.length, offenders);
}

function repeatedEntries(feeds: Evidence['redis']['feeds']): string[] {
  return [...feeds].flatMap(([user, { entries }]) =>
    new Set(entries.map(({ postId }) => postId)).size === entries.length ? [] : [`feed:${user} lists a post twice`],
  );
}

/** The writers give every upload to one post. */
function sharedMedia(links: Evidence['links']): string[] {
  return [...groupBy(links, ({ mediaId }) => mediaId)].flatMap(([mediaId, all]) => {
    const posts = new Set(all.map(({ postId }) => postId));
    return posts.size > 1 ? [`media ${mediaId} is linked to ${posts.size} posts: ${[...posts].join(', ')}`] : [];
  });
}

/** Events with more than one message, and how many too many. */
export function copiesOnKafka(messages: Evidence['messages']): { events: number; copies: number } {
  const counts = [...groupBy(messages, ({ headers }) => headers[kafkaHeaders.eventId] ?? '').values()];
  const several = counts.filter(({ length }) => length > 1);
  return { events: several.length, copies: several.reduce((sum, { length }) => sum + length - 1, 0) };
}

/** Clocks of one machine agree; this is for a mark that is taken before it is written. */
const slackMs = 1_000;
/** How long after a fault its consequences may reach: the limit of an emitter's transaction. */
const reachMs = 20_000;

/**
 * Kafka may get an event again, but only while its mark is not written. After it only an emitter that was held up between
 * reading and sending may come too late, which needs a fault at that time.
 */
function lateCopies({ messages, rows, faults }: Pick<Evidence, 'messages' | 'rows' | 'faults'>): string[] {
  const marked = new Map(rows.map(({ id, emittedAtMs }) => [id, emittedAtMs]));
  const byEvent = groupBy(messages, ({ headers }) => headers[kafkaHeaders.eventId] ?? '');
  return [...byEvent].flatMap(([id, copies]) => {
    const markedAt = marked.get(id) ?? undefined;
    if (copies.length === 1 || markedAt === undefined) return [];
    const late = copies.filter(({ storedAtMs: at }) => at > markedAt + slackMs && !isExplained(faults, markedAt, at));
    return late.map(
      ({ storedAtMs, topic, partition, offset }) =>
        `event ${id} went to Kafka again (${topic}/${partition}@${offset}) ` +
        `${Math.round(storedAtMs - markedAt)} ms after it was marked`,
    );
  });
}

function isExplained(faults: readonly FaultRecord[], markedAtMs: number, storedAtMs: number): boolean {
  return faults.some(
    ({ fault, beganAtMs, endedAtMs }) =>
      fault.target !== 'bridge' && beganAtMs - reachMs <= storedAtMs && endedAtMs + reachMs >= markedAtMs,
  );
}
