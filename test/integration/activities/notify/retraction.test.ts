import { PgContentOwners } from '../../../../activities/stores/pg-content-owners';
import { Inbox } from '../../../../client/inbox';
import { createNotifyActivities } from '../../../../activities/notify/notify-activities';
import { type EventType, type PayloadInput } from '../../../../contracts/catalogue';
import { inActivity } from '../../../support/activity-context';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { insertEvent, newId } from '../../../support/events';
import { deliveriesOf, notificationsOf, notifyDeps } from '../../../support/notify';

const mute = {
  name: 'email',
  destinations: () => [],
  compose: () => ({ subject: '', text: '' }),
  send: () => Promise.reject(new Error('not sent here')),
} as const;

let database: TestDatabase;
let activities: ReturnType<typeof createNotifyActivities>;
beforeAll(async () => {
  database = await createTestDatabase();
  activities = createNotifyActivities(notifyDeps(database.pool, { email: mute }));
});
afterAll(() => database.drop());

async function notified<T extends EventType>(type: T, payload: PayloadInput<T>) {
  const event = await insertEvent(database.pool, type, payload);
  const result = await inActivity(() => activities.notifyInApp(event, null));
  return { event, result };
}
async function retract<T extends EventType>(type: T, payload: PayloadInput<T>) {
  const event = await insertEvent(database.pool, type, payload);
  return inActivity(() => activities.notifyRetract(event));
}
const retracted = async (eventId: string) =>
  (await notificationsOf(database.pool, eventId)).every((row) => row.retracted);

describe('taking notifications back', () => {
  const author = newId();

  it('takes all about a deleted post: mentions, comments, reactions, also those on its comments', async () => {
    const [postId, commentId, commenter, bob] = [newId(), newId(), newId(), newId()];
    const all = [
      await notified('content.post.created', { post_id: postId, user_id: author, mentioned_user_ids: [bob] }),
      await notified('comment.created', {
        comment_id: commentId,
        post_id: postId,
        post_owner_id: author,
        user_id: commenter,
      }),
      await notified('reaction.added', {
        target_id: postId,
        target_type: 'post',
        target_owner_id: author,
        user_id: bob,
        emoji: '👍',
      }),
      await notified('reaction.added', { target_id: commentId, target_type: 'comment', user_id: bob, emoji: '👍' }),
    ];
    const other = await notified('content.post.created', {
      post_id: newId(),
      user_id: author,
      mentioned_user_ids: [bob],
    });
    expect(all.map(({ result }) => result.created)).toEqual([1, 1, 1, 1]);
    expect(await retract('content.post.deleted', { post_id: postId, user_id: author })).toEqual({ retracted: 4 });
    for (const { event } of all) expect(await retracted(event.eventId)).toBe(true);
    expect(await retracted(other.event.eventId)).toBe(false);
    expect(await deliveriesOf(database.pool, all[0]?.event.eventId ?? '')).toMatchObject([
      { state: 'skipped', reason: 'RETRACTED' },
    ]);
    expect(await new Inbox(database.pool).unreadCount(bob)).toBe(1);
  });

  it('keeps out what comes late for a deleted post', async () => {
    const postId = newId();
    await retract('content.post.deleted', { post_id: postId, user_id: author });
    const late = await notified('comment.created', {
      comment_id: newId(),
      post_id: postId,
      post_owner_id: author,
      user_id: newId(),
    });
    expect(late.result.stopped).toBe(true);
    expect(await retracted(late.event.eventId)).toBe(true);
  });

  it('takes only what its own service said before, when a post is archived', async () => {
    const postId = newId();
    const [mention, comment] = [
      await notified('content.post.created', { post_id: postId, user_id: author, mentioned_user_ids: [newId()] }),
      await notified('comment.created', {
        comment_id: newId(),
        post_id: postId,
        post_owner_id: author,
        user_id: newId(),
      }),
    ];
    const archived = { post_id: postId, user_id: author, new_status: 'archived' } as const;
    expect(await retract('content.post.status_updated', archived)).toEqual({ retracted: 1 });
    expect([await retracted(mention.event.eventId), await retracted(comment.event.eventId)]).toEqual([true, false]);
    expect(await new Inbox(database.pool).unreadCount(author)).toBe(0);
  });

  it('takes nothing that came after, when a post is archived', async () => {
    const postId = newId();
    const comment = () => ({ comment_id: newId(), post_id: postId, post_owner_id: author, user_id: newId() });
    const archived = await insertEvent(database.pool, 'content.post.status_updated', {
      post_id: postId,
      user_id: author,
      new_status: 'archived',
    });
    // Processed before the archiving, though it was written after it: the post was published again.
    const after = await notified('comment.created', comment());
    expect(await inActivity(() => activities.notifyRetract(archived))).toEqual({ retracted: 0 });
    expect(await retracted(after.event.eventId)).toBe(false);
  });

  it('takes one reaction, and lets the same person react again', async () => {
    const reaction = { target_id: newId(), user_id: newId(), emoji: '👍' };
    const added = { ...reaction, target_type: 'message', target_owner_id: author } as const;
    const first = await notified('reaction.added', added);
    const other = await notified('reaction.added', { ...added, emoji: '🎉' });
    expect(await retract('reaction.removed', reaction)).toEqual({ retracted: 1 });
    const again = await notified('reaction.added', added);
    expect(await retracted(first.event.eventId)).toBe(true);
    expect(await retracted(other.event.eventId)).toBe(false);
    expect(again.result).toMatchObject({ created: 1, stopped: false });
  });

  it('takes those of a deleted message and of reactions to it', async () => {
    const [messageId, conversationId, sender, bob] = [newId(), newId(), newId(), newId()];
    const message = { message_id: messageId, conversation_id: conversationId };
    await notified('message.persisted', { ...message, sender_id: sender, recipient_ids: [bob] });
    await notified('reaction.added', { target_id: messageId, target_type: 'message', user_id: bob, emoji: '👍' });
    expect(await retract('message.deleted', message)).toEqual({ retracted: 2 });
  });

  it('takes all a deleted user caused, and those of others stay', async () => {
    const [leaver, bob] = [newId(), newId()];
    await notified('follow.added', { follower_id: leaver, followee_id: bob });
    const other = await notified('follow.added', { follower_id: author, followee_id: bob });
    expect(await retract('identity.user.deleted', { user_id: leaver })).toEqual({ retracted: 1 });
    expect(await retracted(other.event.eventId)).toBe(false);
  });

  it('is idempotent', async () => {
    const [messageId, conversationId] = [newId(), newId()];
    const message = { message_id: messageId, conversation_id: conversationId };
    await notified('message.persisted', { ...message, sender_id: newId(), recipient_ids: [newId()] });
    await retract('message.deleted', message);
    expect(await retract('message.deleted', message)).toEqual({ retracted: 0 });
  });

  it('finds the reactions on a comment whose own event came last', async () => {
    const [commentId, postId, owner] = [newId(), newId(), newId()];
    await notified('reaction.added', {
      target_id: commentId,
      target_type: 'comment',
      target_owner_id: owner,
      user_id: newId(),
      emoji: '👍',
    });
    await new PgContentOwners(database.pool).remember('comment', commentId, { ownerId: owner, postId });
    expect(await retract('content.post.deleted', { post_id: postId, user_id: author })).toEqual({ retracted: 1 });
  });
});
