import { retractionOf } from '../../../../activities/notify/retraction';
import { type EventType } from '../../../../contracts/catalogue';
import { type EventRecord } from '../../../../contracts/event-ref';

const event = (eventType: EventType, payload: Record<string, unknown>): EventRecord => ({
  eventId: 'e',
  eventType,
  schemaVersion: 1,
  aggregateType: 'any',
  aggregateId: 'a',
  sequence: 7,
  createdAt: '2026-01-01T00:00:00.000000Z',
  createdAtMs: 0,
  priority: 2,
  payload,
});
const status = (new_status: string) => event('content.post.status_updated', { post_id: 'p', user_id: 'u', new_status });

describe('what a deleting event takes back', () => {
  it('everything about a deleted post, for good', () => {
    for (const deleted of [event('content.post.deleted', { post_id: 'p', user_id: 'u' }), status('deleted')]) {
      expect(retractionOf(deleted)).toEqual({
        tombstone: expect.objectContaining({
          subjectType: 'post',
          subjectId: 'p',
          sequence: 7,
          final: true,
        }) as unknown,
        retraction: { by: 'subject', subject: { type: 'post', id: 'p' }, before: undefined },
      });
    }
  });

  it('only what its own service said before, when a post is archived: it may be published again', () => {
    expect(retractionOf(status('archived'))).toMatchObject({
      tombstone: { final: false, sequence: 7 },
      retraction: { before: { sequence: 7, domain: 'content' } },
    });
  });

  it('nothing when a post is published', () => {
    expect(retractionOf(status('published'))).toBeUndefined();
  });

  it('one reaction, so that the same person may react again', () => {
    expect(retractionOf(event('reaction.removed', { target_id: 't', user_id: 'u', emoji: '👍' }))).toMatchObject({
      tombstone: { subjectType: 'reaction', subjectId: 't:u:👍', final: false },
      retraction: { by: 'reaction', reactionId: 't:u:👍', before: { sequence: 7, domain: 'social' } },
    });
  });

  it('what a user caused, after a hard delete only', () => {
    expect(retractionOf(event('identity.user.deleted', { user_id: 'u', soft_delete: false }))).toMatchObject({
      retraction: { by: 'actor', actorId: 'u' },
    });
    expect(retractionOf(event('identity.user.deleted', { user_id: 'u', soft_delete: true }))).toBeUndefined();
  });

  it('nothing for an event that deletes nothing', () => {
    expect(retractionOf(event('follow.added', { follower_id: 'a', followee_id: 'b' }))).toBeUndefined();
  });
});
