import { type Transaction, type Transactions } from '../../../proof/traffic/business';
import { idIn } from '../../../proof/checks/truth';
import { type Random } from '../../../proof/traffic/random';
import { groupBy } from '../../../runtime/group-by';
import { type LostEvent } from '../proof/losses';

type Payload = NonNullable<LostEvent['payload']>;

/**
 * What the services decide of events that were lost with what they were about: what can be taken back is taken back, for delete
 * wins; an edit of a post that is still published is overwritten by the text there is; what has no opposite (a comment, an upload) is
 * written again in the service's own table, without an event, since its effect is there. Of a sign-up, a profile and an alert no table says
 * anything. Resolves when all of it is committed.
 */
export async function servicesDecide(
  lost: readonly LostEvent[],
  business: Transactions,
  random: Random,
): Promise<void> {
  for (const work of [...decisions(lost), endFollowsOfTheDeleted]) {
    // One in twenty is rolled back, and another fault may be going on.
    while (!(await business.transaction(random.fork(), work)));
  }
}

type Work = (tx: Transaction) => Promise<void>;

function decisions(lost: readonly LostEvent[]): Work[] {
  const payloads = (type: string): Payload[] => lost.flatMap((one) => (one.type === type ? [one.payload ?? {}] : []));
  const posts = groupBy(
    lost.filter(({ type }) => type.startsWith('content.post.')),
    ({ payload = {} }) => idIn(payload, 'post_id'),
  );
  // An edit of a message has no other effect than its event.
  const messages = new Map(
    [...payloads('message.persisted'), ...payloads('message.deleted')].map((one) => [idIn(one, 'message_id'), one]),
  );
  const both = (added: string, removed: string, fields: readonly string[]): Payload[] => {
    const keyOf = (payload: Payload): string => fields.map((field) => idIn(payload, field)).join(' ');
    return [...new Map([...payloads(added), ...payloads(removed)].map((one) => [keyOf(one), one])).values()];
  };
  return [
    ...[...posts.values()].map((events) => ofPost(events)),
    ...both('reaction.added', 'reaction.removed', ['target_id', 'user_id', 'emoji']).map(withoutReaction),
    ...both('follow.added', 'follow.removed', ['follower_id', 'followee_id']).map(withoutFollow),
    ...payloads('comment.created').map(withComment),
    ...payloads('media.upload.completed').map(withUpload),
    ...[...messages.values()].map(withoutMessage),
    ...payloads('identity.user.deleted').map(withoutPerson),
  ];
}

function ofPost(events: readonly LostEvent[]): Work {
  const { payload = {} } = events[0] as LostEvent;
  const [postId, authorId] = [idIn(payload, 'post_id'), idIn(payload, 'user_id')];
  const wasOnlyEdited = events.every(({ type }) => type === 'content.post.updated');
  return async (tx) => {
    const { rows } = await tx.query<{ status: string; caption: string }>(
      'SELECT status, caption FROM business.posts WHERE post_id = $1 FOR UPDATE',
      [postId],
    );
    const [post] = rows;
    const about = { post_id: postId, user_id: authorId };
    if (wasOnlyEdited && post?.status === 'published')
      return tx.publish({ type: 'content.post.updated', payload: { ...about, caption: post.caption } });
    await tx.query(
      `INSERT INTO business.posts (post_id, author_id, status, caption) VALUES ($1, $2, 'deleted', '')
       ON CONFLICT (post_id) DO UPDATE SET status = 'deleted'`,
      [postId, authorId],
    );
    await tx.publish({ type: 'content.post.deleted', payload: about });
  };
}

function withoutReaction(payload: Payload): Work {
  const [targetId, userId, emoji] = ['target_id', 'user_id', 'emoji'].map((field) => idIn(payload, field)) as [
    string,
    string,
    string,
  ];
  const targetType = idIn(payload, 'target_type') as 'post' | 'message' | 'comment';
  return async (tx) => {
    await tx.query('DELETE FROM business.reactions WHERE target_id = $1 AND user_id = $2 AND emoji = $3', [
      targetId,
      userId,
      emoji,
    ]);
    const removed = { target_id: targetId, target_type: targetType, user_id: userId, emoji };
    await tx.publish({ type: 'reaction.removed', payload: removed });
  };
}

/** Who was notified of a stream by it is a matter of when: it is noted as a follow that ended. */
function withoutFollow(payload: Payload): Work {
  const [followerId, followeeId] = [idIn(payload, 'follower_id'), idIn(payload, 'followee_id')];
  return async (tx) => {
    await tx.query('DELETE FROM business.follows WHERE followee_id = $1 AND follower_id = $2', [
      followeeId,
      followerId,
    ]);
    await tx.query('INSERT INTO business.ended_follows (followee_id, follower_id) VALUES ($1, $2)', [
      followeeId,
      followerId,
    ]);
    await tx.publish({ type: 'follow.removed', payload: { follower_id: followerId, followee_id: followeeId } });
  };
}

function withComment(payload: Payload): Work {
  const values = ['comment_id', 'post_id', 'user_id'].map((field) => idIn(payload, field));
  return async (tx) =>
    void (await tx.query(
      'INSERT INTO business.comments (comment_id, post_id, author_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      values,
    ));
}

function withUpload(payload: Payload): Work {
  const values = ['upload_id', 'media_id', 'user_id'].map((field) => idIn(payload, field));
  return async (tx) =>
    void (await tx.query(
      'INSERT INTO business.uploads (upload_id, media_id, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      values,
    ));
}

function withoutMessage(payload: Payload): Work {
  const [messageId, conversationId] = [idIn(payload, 'message_id'), idIn(payload, 'conversation_id')];
  const senderId = idIn(payload, 'sender_id') || idIn(payload, 'deleter_id');
  return async (tx) => {
    await tx.query(
      `INSERT INTO business.messages (message_id, conversation_id, sender_id, deleted) VALUES ($1, $2, $3, true)
       ON CONFLICT (message_id) DO UPDATE SET deleted = true`,
      [messageId, conversationId, senderId],
    );
    const about = { message_id: messageId, conversation_id: conversationId, deleter_id: senderId };
    await tx.publish({ type: 'message.deleted', payload: about });
  };
}

/** Gone they stay: names and posts are not there any more. Others may have left again since, and for good. */
function withoutPerson(payload: Payload): Work {
  const userId = idIn(payload, 'user_id');
  const soft = payload['soft_delete'] === true;
  return async (tx) => {
    const { rowCount } = await tx.query(
      soft
        ? `UPDATE business.people SET state = 'hidden' WHERE user_id = $1 AND state = 'active'`
        : `UPDATE business.people SET state = 'deleted' WHERE user_id = $1 AND state <> 'deleted'`,
      [userId],
    );
    if (rowCount !== 0)
      await tx.publish({ type: 'identity.user.deleted', payload: { user_id: userId, soft_delete: soft } });
  };
}

/** Those that the graph service had ended without an event are there again. */
async function endFollowsOfTheDeleted(tx: Transaction): Promise<void> {
  const { rows } = await tx.query<{ user_id: string }>(
    `SELECT user_id FROM business.people WHERE state = 'deleted'`,
    [],
  );
  await tx.query(
    `WITH ended AS (
       DELETE FROM business.follows WHERE follower_id = ANY ($1::uuid[]) OR followee_id = ANY ($1::uuid[])
       RETURNING followee_id, follower_id)
     INSERT INTO business.ended_follows SELECT followee_id, follower_id FROM ended`,
    [rows.map(({ user_id }) => user_id)],
  );
}
