import { catalogue } from '../../../contracts/catalogue';
import { type EventRef } from '../../../contracts/event-ref';
import { searchAttributes } from '../../../contracts/search-attributes';
import { workflowTypes } from '../../../contracts/workflow-types';
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
const settings = { taskQueuePrefix: 'p' };
const attributesOf = (of: EventRef, actorId?: string) =>
  Object.fromEntries(
    Object.values(
      startOptions({ ref: of, workflowType: 'emitWorkflow', actorId }, settings).typedSearchAttributes ?? {},
    ).map((pair: { key: { name: string }; value: unknown }) => [pair.key.name, pair.value]),
  );

it('a run is found by the outbox that its event is in, and by all else that the Web UI lists runs by', () => {
  expect(attributesOf({ ...ref, outbox: 'content' }, ref.aggregateId)).toEqual({
    EventType: 'message.edited',
    AggregateType: 'conversation',
    AggregateId: ref.aggregateId,
    ActorId: ref.aggregateId,
    EventPriority: 'normal',
    Outbox: 'content',
  });
  // Every one that is set at the start; the others are known at the end, or when something is away.
  expect(Object.keys(searchAttributes).filter((name) => !(name in attributesOf(ref, 'u')))).toEqual([
    'Outcome',
    'FailureCode',
  ]);
});

it('a run of what no user did has no acting user', () => {
  expect(attributesOf(ref)).not.toHaveProperty('ActorId');
});

it('one database for everything is listed as the outbox main, too', () => {
  expect(attributesOf(ref)).toMatchObject({ Outbox: 'main' });
});

it.each(catalogue.map((definition) => [definition.type, definition] as const))(
  'a run of %s says in words what its event is, what it does, and which command says more',
  (eventType, { workflow, meaning }) => {
    for (const workflowType of typeof workflow === 'string' ? [workflow] : workflow.among) {
      const { staticSummary, staticDetails } = startOptions({ ref: { ...ref, eventType }, workflowType }, settings);
      expect(staticSummary).toBe(`${eventType} · conversation ${ref.aggregateId}`);
      expect(staticDetails).toBe(
        `**${eventType}**: ${meaning}\n\n**${workflowType}**: ${workflowTypes[workflowType].meaning}\n\n` +
          `What became of it, from its row to what people see: \`npx nova why ${ref.eventId}\``,
      );
    }
  },
);

it('a run links to the story of its event in the console, where one is known', () => {
  const details = (consoleUrl: string) =>
    startOptions({ ref, workflowType: 'emitWorkflow' }, { ...settings, consoleUrl }).staticDetails;
  expect(details('https://nova.example.org/')).toMatch(
    /see: \[the console\]\(https:\/\/nova\.example\.org\/search\?id=0e2d6a5e-0000-4000-8000-000000000001\), or `npx nova why 0e2d/,
  );
  expect(details('')).toMatch(/see: `npx nova why 0e2d/);
});
