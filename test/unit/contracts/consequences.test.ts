import { catalogue, type EventType, type PayloadInput } from '../../../contracts/catalogue';
import {
  contentOf,
  noticeOf,
  profileOf,
  publicationOf,
  tombstoneOf,
  typesThatCreate,
} from '../../../contracts/consequences';
import { followId, usersOfFollow } from '../../../contracts/events/consequences';
import { parseEvent } from '../../../contracts/parse-event';
import { newId } from '../../support/events';

const [a, b, c, user] = [newId(), newId(), newId(), newId()];

function said<T extends EventType>(eventType: T, payload: PayloadInput<T>) {
  return { eventType, sequence: 7, payload: parseEvent({ eventType, aggregateId: a, payload }).payload };
}

const status = (new_status: 'published' | 'archived' | 'deleted') =>
  said('content.post.status_updated', { post_id: a, user_id: user, new_status });

describe('the one rule for deletes', () => {
  it.each([
    [said('content.post.deleted', { post_id: a, user_id: user }), ['post', a, true, 'post deleted']],
    [status('deleted'), ['post', a, true, 'post deleted']],
    [status('archived'), ['post', a, false, 'post archived']],
    [said('message.deleted', { message_id: b, conversation_id: a }), ['message', b, true, 'message deleted']],
    [
      said('reaction.removed', { target_id: a, user_id: user, emoji: '👍' }),
      ['reaction', `${a}:${user}:👍`, false, 'reaction removed'],
    ],
    [said('follow.removed', { follower_id: a, followee_id: b }), ['follow', `${a}:${b}`, false, 'follow ended']],
    [said('identity.user.deleted', { user_id: user }), ['user', user, true, 'user deleted']],
    [said('identity.user.deleted', { user_id: user, soft_delete: true }), ['user', user, false, 'user hidden']],
  ] as const)('%j sets the tombstone of its subject', (event, [subjectType, subjectId, final, reason]) => {
    expect(tombstoneOf(event)).toEqual({ subjectType, subjectId, final, reason, sequence: 7 });
  });

  it('an event that deletes nothing sets none', () => {
    expect(tombstoneOf(said('content.post.created', { post_id: a, user_id: user }))).toBeUndefined();
    expect(tombstoneOf(status('published'))).toBeUndefined();
  });

  it('the id of a follow names both people', () => {
    expect(usersOfFollow(followId({ follower_id: a, followee_id: b }))).toEqual({ followerId: a, followeeId: b });
  });
});

describe('what an event creates', () => {
  it.each([
    [said('content.post.created', { post_id: a, user_id: user }), { contentType: 'post', contentId: a, ownerId: user }],
    [
      said('message.persisted', { message_id: b, conversation_id: a, sender_id: user }),
      { contentType: 'message', contentId: b, ownerId: user },
    ],
    [
      said('comment.created', { comment_id: c, post_id: a, user_id: user }),
      { contentType: 'comment', contentId: c, ownerId: user, postId: a },
    ],
  ] as const)('%j', (event, content) => {
    expect(contentOf(event)).toEqual(content);
    expect(typesThatCreate(content.contentType)).toEqual([event.eventType]);
  });
});

it('a status event publishes a draft, once: whom the draft mentions, and no one when it was none or mentions none', () => {
  const draft = said('content.post.created', { post_id: a, user_id: user, status: 'draft', mentioned_user_ids: [b] });
  const publication = publicationOf(status('published'));
  expect(noticeOf(draft)).toBeUndefined();
  expect(publication?.notifies(draft.payload as never)?.notified).toEqual([{ kind: 'post.mention', userIds: [b] }]);
  expect(publication?.notifies({ ...draft.payload, mentioned_user_ids: [] } as never)).toBeUndefined();
  expect(publication?.notifies({ ...draft.payload, status: 'published' } as never)).toBeUndefined();
  expect(publicationOf(status('archived'))).toBeUndefined();
});

it('an identity event says what it carries of a user, and nothing of what it does not', () => {
  expect(profileOf(said('identity.user.created', { user_id: user, username: 'ada' }))).toEqual({
    userId: user,
    username: 'ada',
    email: undefined,
  });
  expect(profileOf(said('identity.user.deleted', { user_id: user }))).toBeUndefined();
});

describe('the workflow that an event starts has something to do', () => {
  const starts = (workflow: string) =>
    catalogue.filter((e) =>
      (typeof e.workflow === 'string' ? [e.workflow] : e.workflow.among).includes(workflow as never),
    );

  it('retractionWorkflow: each event voids something', () => {
    expect(starts('retractionWorkflow').filter(({ voids }) => voids === undefined)).toEqual([]);
  });

  it('notificationWorkflow: each event notifies people', () => {
    expect(starts('notificationWorkflow').filter(({ notifies }) => notifies === undefined)).toEqual([]);
  });

  it('identityWorkflow: each event says something of a user, or that they are gone', () => {
    expect(starts('identityWorkflow').filter(({ profile, voids }) => (profile ?? voids) === undefined)).toEqual([]);
  });
});
