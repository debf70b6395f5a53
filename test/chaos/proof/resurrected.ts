import { expectedNotifications } from '../../../proof/checks/expected-notifications';
import { notificationFaults } from '../../../proof/checks/notifications';
import { postFaults } from '../../../proof/checks/posts-shown';
import { isDeleted } from '../../../proof/checks/truth';
import { kafkaHeaders } from '../../../contracts/kafka';
import { type ProofRow } from '../types';
import { type Evidence } from './evidence';
import { proofRow } from './row';

/** What was deleted is in no feed, no cache, no inbox and no state, and was not created again on Kafka. */
export function resurrectedDeletes(evidence: Evidence): ProofRow {
  const { truth, redis, told, postStates } = evidence;
  const deleted = new Set([...truth.posts.keys()].filter((postId) => isDeleted(truth, postId)));
  const notified = told
    .filter(({ retracted, subjectType }) => !retracted && subjectType === 'post')
    .map(({ subjectId: postId, eventId }) => ({ postId, eventId }));
  const alive = postStates.filter(({ postId, status, forbidden }) => {
    return deleted.has(postId) && status === 'published' && !forbidden;
  });
  const offenders = [
    ...postFaults(truth, { redis, notified }).resurrected,
    ...notificationFaults(expectedNotifications(truth), told).resurrected,
    ...alive.map(({ postId }) => `deleted post ${postId} is published by post_states, and no tombstone forbids it`),
    ...createdAfterDeleted(evidence),
  ];
  const messages = [...truth.messages.values()].filter((message) => message.deleted).length;
  return proofRow('resurrected deletes', deleted.size + messages, offenders);
}

/** Posts whose first `created` on Kafka stands behind their first `deleted`. */
function createdAfterDeleted({ messages }: Pick<Evidence, 'messages'>): string[] {
  const first = new Map<string, number>();
  for (const { key, headers, offset } of messages) {
    const name = `${headers[kafkaHeaders.eventType]} ${key}`;
    first.set(name, Math.min(offset, first.get(name) ?? Infinity));
  }
  return [...first].flatMap(([name, deletedAt]) => {
    const [type, postId] = name.split(' ');
    if (type !== 'content.post.deleted') return [];
    const createdAt = first.get(`content.post.created ${postId}`) ?? -1;
    return createdAt > deletedAt ? [`post ${postId} is created on Kafka after it is deleted`] : [];
  });
}
