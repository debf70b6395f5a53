import { checkKafka } from '../../../../proof/checks/kafka';
import { type TrueEvent } from '../../../../proof/checks/truth';
import { type ReceivedMessage } from '../../../../proof/observe/kafka-reader';
import { bodyOf, event, id, truthOf } from './truth-of';

const payload = { post_id: id('a'), user_id: id('b'), caption: 'words' };
const created = event('content.post.created', payload, { aggregateId: id('a') });
const deleted = event('content.post.deleted', { post_id: id('a'), user_id: id('b') }, { aggregateId: id('a') });
const truth = truthOf({ events: [created, deleted], rolledBack: new Set(['rolled-back']) });

function message(of: TrueEvent, offset: number, change: Partial<ReceivedMessage> = {}): ReceivedMessage {
  return {
    topic: 'content',
    partition: 0,
    offset,
    key: String(of.payload['post_id']),
    headers: { event_id: of.id, event_type: of.type, sequence: String(of.sequence) },
    body: bodyOf(of),
    storedAtMs: 0,
    receivedAtMs: 0,
    ...change,
  };
}

const good = [message(created, 0), message(deleted, 1)];

describe('the Kafka check', () => {
  it('holds when every event is there once, in order', () => {
    expect(checkKafka(truth, good)).toMatchObject({
      ok: true,
      counts: { kafkaMessages: 2, missing: 0, duplicates: 0, outOfOrder: 0 },
    });
  });

  it('does not care for the order of the fields of a body', () => {
    const body = JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(bodyOf(created)) as object).reverse()));
    expect(checkKafka(truth, [message(created, 0, { body }), message(deleted, 1)]).ok).toBe(true);
  });

  it('fails when an event is not there', () => {
    expect(checkKafka(truth, [message(created, 0)])).toMatchObject({ ok: false, counts: { missing: 1 } });
  });

  it('fails when an event is there twice', () => {
    const result = checkKafka(truth, [...good, message(created, 2)]);
    expect(result).toMatchObject({ ok: false, counts: { duplicates: 1 } });
  });

  it('fails when a post is deleted before it is created', () => {
    const result = checkKafka(truth, [message(deleted, 0), message(created, 1)]);
    expect(result).toMatchObject({ ok: false, counts: { outOfOrder: 1 } });
  });

  it('goes by the offsets, not by the order of arrival', () => {
    expect(checkKafka(truth, [message(deleted, 1), message(created, 0)]).ok).toBe(true);
  });

  it('fails when an aggregate is spread over two partitions', () => {
    const result = checkKafka(truth, [message(created, 0), message(deleted, 0, { partition: 1 })]);
    expect(result).toMatchObject({ ok: false, counts: { outOfOrder: 1 } });
  });

  it('fails when a rolled-back event is there', () => {
    const ghost = message(created, 2, { headers: { event_id: 'rolled-back' } });
    expect(checkKafka(truth, [...good, ghost])).toMatchObject({ ok: false, counts: { strangers: 1 } });
  });

  it.each([
    ['body', { body: '{}' }],
    ['body that is no JSON', { body: 'x' }],
    [
      'body that has a field too many',
      { body: JSON.stringify({ ...(JSON.parse(bodyOf(created)) as object), more: 1 }) },
    ],
    ['body without the default of a field', { body: JSON.stringify(payload) }],
    ['key', { key: 'other' }],
    ['type', { headers: { event_id: created.id, event_type: 'PostCreated', sequence: String(created.sequence) } }],
    ['sequence', { headers: { event_id: created.id, event_type: created.type, sequence: '0' } }],
  ])('fails on a wrong %s, and does not show content', (_, change) => {
    const result = checkKafka(truth, [message(created, 0, change), message(deleted, 1)]);
    expect(result).toMatchObject({ ok: false, counts: { wrong: 1 } });
    expect(result.offenders.join()).not.toContain('words');
  });
});
