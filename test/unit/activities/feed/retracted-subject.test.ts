import { retractedSubject } from '../../../../activities/feed/retracted-subject';
import { type EventType } from '../../../../contracts/catalogue';
import { type EventRecord } from '../../../../contracts/event-ref';

const record = (eventType: EventType, payload: Record<string, unknown>) =>
  ({ eventType, payload }) as unknown as EventRecord;

it.each([
  ['content.post.deleted', { post_id: 'p' }, { subjectType: 'post', subjectId: 'p', final: true }],
  ['content.post.status_updated', { post_id: 'p', new_status: 'deleted' }, { postStatus: 'deleted', final: true }],
  ['content.post.status_updated', { post_id: 'p', new_status: 'archived' }, { postStatus: 'archived', final: false }],
  ['message.deleted', { message_id: 'm' }, { subjectType: 'message', subjectId: 'm', final: true }],
  [
    'reaction.removed',
    { target_id: 't', user_id: 'u', emoji: 'e' },
    { subjectType: 'reaction', subjectId: 't:u:e', final: false },
  ],
] as const)('%s takes back its subject', (eventType, payload, expected) => {
  expect(retractedSubject(record(eventType, payload))).toMatchObject(expected);
});

it('refuses an event that retracts nothing', () => {
  expect(() => retractedSubject(record('content.post.created', {}))).toThrow('retracts nothing');
});
