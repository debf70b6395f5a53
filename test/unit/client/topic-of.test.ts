import { topicOf } from '../../../client/topic-of';
import { catalogue, type EventType } from '../../../contracts/catalogue';
import { topicNames } from '../../../contracts/kafka';

describe('topicOf', () => {
  it('is the topic to which the emitter sends each type', () => {
    const topics = topicNames('shop');
    for (const { type, domain } of catalogue) expect(topicOf(type, 'shop')).toBe(topics[domain]);
    expect(topicOf('content.post.created')).toBe('nova.content.events');
    expect(topicOf('message.edited', 'nova', { message: 'chat' })).toBe('chat');
  });

  it('refuses a type that the catalogue does not have, and suggests the nearest', () => {
    expect(() => topicOf('content.post.create' as EventType)).toThrow(
      'UNKNOWN_EVENT_TYPE: event type "content.post.create" is not in the catalogue (docs/events.md); did you mean content.post.created?',
    );
    expect(() => topicOf('nothing.like.it' as EventType)).toThrow(/\(docs\/events\.md\)$/);
  });
});
