import fc from 'fast-check';
import { NovaError } from '../../../contracts/failures';
import { parseEvent, partitionKeyOf, workflowTypeFor } from '../../../contracts/parse-event';

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const parse = (eventType: string, payload: unknown, aggregateId = id(9)) =>
  parseEvent({ eventType, payload, aggregateId });

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
