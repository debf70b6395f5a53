import { type EventRef } from '../../../contracts/event-ref';
import { searchAttributes } from '../../../contracts/search-attributes';
import { startOptions } from '../../../runtime/start-options';

const ref: EventRef = {
  eventId: '0e2d6a5e-0000-4000-8000-000000000001',
  eventType: 'message.edited',
  schemaVersion: 1,
  aggregateType: 'conversation',
  aggregateId: '0e2d6a5e-0000-4000-8000-000000000002',
  sequence: 7,
  createdAt: new Date(0).toISOString(),
  createdAtMs: 0,
  priority: 2,
};
const attributesOf = (of: EventRef) =>
  Object.fromEntries(
    Object.values(startOptions({ ref: of, workflowType: 'emitWorkflow' }, 'p').typedSearchAttributes ?? {}).map(
      (pair: { key: { name: string }; value: unknown }) => [pair.key.name, pair.value],
    ),
  );

it('a run is found by the outbox that its event is in, and by all else that the Web UI lists runs by', () => {
  expect(attributesOf({ ...ref, outbox: 'content' })).toEqual({
    EventType: 'message.edited',
    AggregateType: 'conversation',
    AggregateId: ref.aggregateId,
    EventPriority: 'normal',
    Outbox: 'content',
  });
  // Every one that is set at the start; the outcome is known at the end.
  expect(Object.keys(searchAttributes).filter((name) => !(name in attributesOf(ref)))).toEqual(['Outcome']);
});

it('one database for everything is listed as the outbox main, too', () => {
  expect(attributesOf(ref)).toMatchObject({ Outbox: 'main' });
});
