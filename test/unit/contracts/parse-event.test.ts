import fc from 'fast-check';
import { eventRefOf } from '../../../contracts/event-ref';
import { NovaError } from '../../../contracts/failures';
import {
  actorOf,
  fieldsProbablyMisspelt,
  parseEvent,
  partitionKeyOf,
  workflowTypeFor,
} from '../../../contracts/parse-event';

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const parse = (eventType: string, payload: unknown, aggregateId = id(9)) =>
  parseEvent({ eventType, payload, aggregateId });

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function failureOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

describe('parseEvent', () => {
  it('brings older payloads to today’s names', () => {
    expect(parse('PostCreated', { post_id: id(1), author_id: id(2), title: 't' }).payload).toMatchObject({
      user_id: id(2),
      caption: '',
      media_type: 'none',
      status: 'published',
    });
    expect(parse('MessageCreated', { message_id: id(1), sender_id: id(2), recipient_id: id(3) }).payload).toEqual({
      message_id: id(1),
      sender_id: id(2),
      conversation_id: id(9),
      recipient_ids: [id(3)],
    });
    expect(parse('MessageEdited', { message_id: id(1), editor_id: id(2), new_content: 'x' }).payload).toMatchObject({
      conversation_id: id(9),
      content: 'x',
    });
    expect(parse('PostDeleted', { post_id: id(1), deleter_id: id(2) }).payload).toEqual({
      post_id: id(1),
      user_id: id(2),
    });
  });

  it('keeps fields it does not know, for subscribers that do', () => {
    expect(
      parse('reaction.added', { target_id: id(1), target_type: 'post', user_id: id(2), emoji: '👍', skin: 3 }).payload,
    ).toHaveProperty('skin', 3);
  });

  it('lower-cases ids, as PostgreSQL prints them', () => {
    expect(
      parse('follow.added', { follower_id: 'ABCDEF00-0000-4000-8000-000000000000', followee_id: id(1) }).payload,
    ).toHaveProperty('follower_id', 'abcdef00-0000-4000-8000-000000000000');
  });

  it('refuses the plaintext of an encrypted chat', () => {
    const message = { message_id: id(1), conversation_id: id(2), sender_id: id(3), encrypted: true };
    expect(() => parse('message.persisted', { ...message, content: 'secret' })).toThrow(/must not carry its plaintext/);
    expect(parse('message.persisted', message).payload).toEqual(message);
  });

  const post = { post_id: id(1), user_id: id(2) };
  const user = { user_id: id(1), username: 'ann' };
  it.each<[string, object, string]>([
    [
      'content.post.created',
      { ...post, post_id: '17' },
      'post_id: is not a UUID like 123e4567-e89b-12d3-a456-426614174000',
    ],
    ['content.post.created', { post_id: id(1) }, 'user_id: is required and is missing: give it a UUID'],
    [
      'content.post.created',
      { post_id: id(1), userid: id(2) },
      'user_id: is required and is missing: give it a UUID; the payload has "userid": did you mean user_id?',
    ],
    ['content.post.created', { ...post, user_id: null }, 'user_id: is required and is null: give it a UUID'],
    ['content.post.created', { ...post, title: null }, 'title: is null: leave the field out'],
    ['content.post.created', { ...post, caption: 7 }, 'caption: must be of type string and is number'],
    ['content.post.created', { ...post, tags: 'a' }, 'tags: must be of type array and is string'],
    ['content.post.created', { ...post, status: 'gone' }, 'status: must be one of published, draft'],
    ['content.post.created', { ...post, title: 'x'.repeat(501) }, 'title: is longer than 500 characters'],
    [
      'content.post.created',
      { ...post, media_ids: [id(1), 'x'] },
      'media_ids: has an element (number 2) that is not a UUID like 123e4567-e89b-12d3-a456-426614174000',
    ],
    ['content.post.created', { ...post, media_ids: Array(21).fill(id(1)) }, 'media_ids: has more than 20 elements'],
    [
      'identity.user.created',
      { user_id: id(1) },
      'username: is required and is missing: give it a value of type string',
    ],
    ['identity.user.created', { ...user, email: 'ann' }, 'email: is not an e-mail address'],
    [
      'identity.user.created',
      { ...user, created_at: 'now' },
      'created_at: is not a time like 2026-01-31T12:00:00Z (RFC 3339, with its offset)',
    ],
    [
      'identity.user.profile_updated',
      { ...user, avatar_url: 'x' },
      'avatar_url: is not a URL with its scheme, like https://example.org/a',
    ],
    ['identity.user.profile_updated', { ...user, follower_count: 1.5 }, 'follower_count: must be a whole number'],
    ['identity.user.profile_updated', { ...user, follower_count: -1 }, 'follower_count: is less than 0'],
    [
      'identity.user.profile_updated',
      { ...user, follower_count: '1' },
      'follower_count: must be of type number and is string',
    ],
    [
      'reaction.added',
      { target_id: id(1), target_type: 'post', user_id: id(2), emoji: '' },
      'emoji: is shorter than 1 characters',
    ],
    [
      'reaction.added',
      { target_id: id(1), user_id: id(2), emoji: 'x' },
      'target_type: is required and is missing: give it a value of type string',
    ],
  ])('of %s %j says %s', (type, payload, fault) => {
    expect(() => parse(type, payload)).toThrow(
      new RegExp(`^INVALID_PAYLOAD: payload of ${type} v1: ${escaped(fault)}$`),
    );
  });

  it('suggests the type that was probably meant', () => {
    expect(() => parse('content.post.create', post)).toThrow(
      /^UNKNOWN_EVENT_TYPE: event type "content.post.create" is not in the catalogue .*; did you mean content\.post\.created\?$/,
    );
    expect(() => parse('nothing.like.it', post)).toThrow(/\(docs\/events\.md\)$/);
  });

  it('finds unknown fields that are spelt nearly as one that was left out, and no others', () => {
    const misspelt = (payload: object, type = 'content.post.created') =>
      fieldsProbablyMisspelt({ eventType: type, payload, aggregateId: id(9) });
    expect(misspelt({ ...post, captoin: 'x', mediaType: 'image', created_by: 'y', colour: 'z' })).toEqual([
      { given: 'captoin', meant: 'caption' },
      { given: 'mediaType', meant: 'media_type' },
    ]);
    expect(misspelt({ ...post, captoin: 'x', caption: 'y' })).toEqual([]);
    // An older name, which is brought to today’s.
    expect(misspelt({ message_id: id(1), sender_id: id(2), recipient_id: id(3) }, 'message.persisted')).toEqual([]);
  });

  it('lets the payload choose the workflow of a status change', () => {
    const change = (new_status: string) =>
      workflowTypeFor(parse('content.post.status_updated', { post_id: id(1), user_id: id(2), new_status }));
    expect([change('published'), change('archived'), change('deleted')]).toEqual([
      'feedFanoutWorkflow',
      'retractionWorkflow',
      'retractionWorkflow',
    ]);
  });

  it('takes the Kafka key from the payload', () => {
    expect(partitionKeyOf(parse('message.deleted', { message_id: id(1), conversation_id: id(5) }))).toBe(id(5));
  });

  it('takes the acting user from the payload, where one is said', () => {
    const deleted = { message_id: id(1), conversation_id: id(5) };
    expect(actorOf(parse('message.deleted', { ...deleted, deleter_id: id(6) }))).toBe(id(6));
    expect(actorOf(parse('message.deleted', deleted))).toBeUndefined();
    const alert = { alert_id: id(1), user_id: id(2), kind: 'new_login' };
    expect(actorOf(parse('security.alert.raised', alert))).toBeUndefined();
    // By today’s name of the field, whatever the writer calls it.
    expect(actorOf(parse('content.post.deleted', { post_id: id(1), deleter_id: id(3) }))).toBe(id(3));
  });

  it('returns for anything an event or a NovaError of a row, and never repeats a value in the message', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('content.post.created', 'message.persisted', 'identity.user.created', 'nope'),
        fc.json({ noUnicodeString: false }),
        (type, json) => {
          const failure = failureOf(() => parse(type, JSON.parse(json)));
          const causes = ['row', 'environment'];
          expect(failure === undefined || (failure instanceof NovaError && causes.includes(failure.entry.cause))).toBe(
            true,
          );
        },
      ),
    );
    const secret = 'hunter2-is-a-secret';
    expect(
      String(failureOf(() => parse('identity.user.created', { user_id: secret, username: 7, email: secret }))),
    ).not.toContain(secret);
  });
});

describe('the reference that the workflow of a row gets', () => {
  const columns = {
    ...{ aggregateType: 'post', aggregateId: id(2), sequence: 3, priority: 2, schemaVersion: 1 },
    ...{ createdAt: '2026-01-01T00:00:00.000001Z', createdAtMs: 1 },
  };
  const row = { id: id(1), ...columns, payload: { caption: 'content' }, eventType: 'PostCreated' };
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  it('has ids and numbers of the row, and nothing of its content', () => {
    const named = { eventId: id(1), eventType: 'content.post.created', ...columns };
    expect(eventRefOf({ ...row, traceparent: null }, 'content.post.created')).toEqual(named);
    expect(eventRefOf({ ...row, traceparent }, 'content.post.created')).toEqual({ ...named, traceparent });
  });

  it('leaves out a trace context that is none', () => {
    const malformed = { ...row, traceparent: `${traceparent}-x` };
    expect(eventRefOf(malformed, 'content.post.created')).not.toHaveProperty('traceparent');
  });
});
