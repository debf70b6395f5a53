import { readFileSync } from 'node:fs';
import { sourcesOf } from '../../support/product-files';

/** What goes through the outbox row by row, and not from one event to what it needs: the emit, and the audit. */
const ofTheOutbox = /^activities\/(emit|audit)\//;
const sources = sourcesOf(['activities']).filter((path) => !ofTheOutbox.test(path));
const importsOf = (path: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(/from '(?:\.\.\/)+outbox\/([^']+)'/g)].map(
    ([, name = '']) => `${path}: ${name}`,
  );

describe('an effect', () => {
  it('reads the outbox by its own event and the history of its aggregate, and nothing else of it', () => {
    expect(sources.length).toBeGreaterThan(80);
    expect(sources.flatMap(importsOf).sort()).toEqual([
      // How far the outboxes are, which their bridges report.
      'activities/notify/pg-outbox-progress.ts: progress.sql',
      // How its row was written, in order to start a further run of it.
      'activities/replay/replay-request.ts: operators.sql',
      'activities/stores/pg-aggregate-history.ts: events.sql',
      // Where the aggregate's domain was before it was moved to the outbox of the event.
      'activities/stores/pg-aggregate-history.ts: moves.sql',
      'activities/stores/pg-event-store.ts: events.sql',
    ]);
  });

  it('names the table nowhere else', () => {
    expect(sources.filter((path) => readFileSync(path, 'utf8').includes('outbox_events'))).toEqual([]);
  });
});
