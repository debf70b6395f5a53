import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The audit has a connection of its own to each database. */
const elsewhere = /^activities\/audit\//;
/** Looks at the row of an event as an operator does, in the outbox that is named with it. */
const asOperator = ['activities/replay/replay-request.ts'];
/** Given one outbox by what makes one of it for each. */
const ofOne = ['activities/emit/pg-emit-log.ts'];
/** What bridges report of their outboxes is in State. */
const ofState = ['activities/notify/pg-outbox-progress.ts'];

const sources = readdirSync('activities', { recursive: true, encoding: 'utf8' })
  .map((file) => join('activities', file))
  .filter((file) => file.endsWith('.ts') && !elsewhere.test(file))
  .map((file) => ({ file, text: readFileSync(file, 'utf8') }));
const asking = sources.filter(({ text }) => /from '[./]+\/outbox\/[\w-]+\.sql'|nova\.outbox_/.test(text));

it('asks outboxes by the reference of an event alone, and is given no pool that may be another database', () => {
  const checked = asking.filter(({ file }) => ![...ofOne, ...ofState, ...asOperator].includes(file));
  expect(checked.map(({ file }) => file)).toContain('activities/stores/pg-event-store.ts');
  const wrong = checked.filter(
    ({ text }) =>
      !/constructor\(private readonly outboxes: OutboxPools\)/.test(text) || /: (Pool|Database)\b/.test(text),
  );
  expect(wrong.map(({ file }) => file)).toEqual([]);
});

it('makes the log of emits from the outbox of an event, in one place', () => {
  const making = sources.filter(({ text }) => /new PgEmitLog\(/.test(text));
  expect(making.map(({ file }) => file)).toEqual(['activities/emit/create-emit-activities.ts']);
  expect(making[0]?.text).toContain('new PgEmitLog(outboxes.of(event)');
});
