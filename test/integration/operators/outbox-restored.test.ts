import { planReplays, startReplays } from '../../../ops/replay/replay';
import { foundEvents } from '../../../ops/replay/found-events';
import { acknowledgeFindings } from '../../../ops/audit/audit-findings';
import { type EventRef } from '../../../contracts/event-ref';
import { type AuditedOutboxes, createAuditedOutboxes } from '../../support/audit-outboxes';
import { takeSnapshot } from '../../support/database-snapshot';
import { newId } from '../../support/events';
import { step } from '../../support/step';
import { servers } from '../../support/servers';
import { waitFor } from '../../support/wait-for';

let world: AuditedOutboxes;
beforeAll(async () => {
  world = await createAuditedOutboxes();
});
afterAll(() => world.close());

const rowOf = async ({ eventId }: EventRef) =>
  (
    await world
      .poolOf('main')
      .query<{ published_at: Date | null; emitted_at: Date | null; sequence: number }>(
        'SELECT published_at, emitted_at, sequence FROM outbox_events WHERE id = $1',
        [eventId],
      )
  ).rows[0];
const isEmitted = (ref: EventRef) => waitFor(async () => (await rowOf(ref))?.emitted_at != null);

// In the middle of its life, beside another outbox that goes on.
it('an outbox that is restored to an earlier moment: what was pending then runs once, what is gone is found, and the rest is repaired', async () => {
  const { outboxes, client, prefix } = world;
  step('an event is pending, and a backup of its outbox is taken');
  const aggregateId = newId();
  const kept = await world.event('main', aggregateId);
  const snapshot = await takeSnapshot(outboxes.of['main']!.url);
  try {
    step('it is done, and so are a later one of its outbox and one of another outbox');
    const [lost, other] = [await world.event('main', aggregateId), await world.event('social')];
    await Promise.all([world.bridged([kept, lost]), world.started(other)]);
    await Promise.all([isEmitted(kept), isEmitted(lost)]);
    expect(await world.audit()).toMatchObject({ unexplained: 0, notes: [] });
    const runOf = async ({ eventId }: EventRef) => (await client.workflow.getHandle(eventId).describe()).runId;
    const before = await runOf(kept);

    step('the outbox is restored from the backup: one event is pending again, the later one is gone');
    await snapshot.restore();
    expect(await rowOf(kept)).toMatchObject({ published_at: null });
    expect(await rowOf(lost)).toBeUndefined();

    step('the bridge meets the run of the pending one, and marks: nothing runs twice');
    await world.bridged([kept]);
    expect((await rowOf(kept))?.published_at).not.toBeNull();
    expect(await runOf(kept)).toBe(before);

    step(
      'npx nova audit names every difference: lost_emit, run_without_row, record_without_row, and the outbox that was restored',
    );
    const report = await waitFor(async () => {
      const seen = await world.audit();
      // The mark must be older than the budget of an emit.
      return seen.counts.lost_emit === 1 ? seen : undefined;
    });
    expect(report.counts).toEqual({ lost_emit: 1, run_without_row: 1, record_without_row: 1, redelivered: undefined });
    expect(await world.findings(other.eventId)).toEqual([]);
    expect(await world.findings(lost.eventId)).toMatchObject([
      {
        kind: 'record_without_row',
        outbox: 'main',
        detail: expect.stringMatching(/outbox main restored\?$/) as string,
      },
      {
        kind: 'run_without_row',
        outbox: 'main',
        detail: expect.stringMatching(
          /sequence \d+, is gone: was the database of the outbox main restored\?$/,
        ) as string,
      },
    ]);

    step('the sequence is raised past what was given out; the next event of the aggregate is done');
    // A number that the lost event had would make the next one of its aggregate look older than what has taken effect.
    await world.poolOf('main').query(`SELECT setval('outbox_sequence', last_value + 1000000) FROM outbox_sequence`);
    const later = await world.event('main', aggregateId);
    expect(later.sequence).toBeGreaterThan(lost.sequence);
    await world.bridged([later]);
    await isEmitted(later);

    step('npx nova replay --found sends the one that was done again; the one that is gone is acknowledged');
    const config = { taskQueuePrefix: prefix, temporalNamespace: servers().temporalNamespace };
    const deps = { pool: outboxes.state.pool, outboxes: outboxes.pools, workflows: client.workflow, config };
    const found = await foundEvents(deps, { type: null, sinceMs: null, limit: 10 });
    expect(found.ids).toEqual([kept.eventId]);
    await startReplays(deps, (await planReplays(deps, found.ids, { again: false })).plans, {
      reason: 'restored',
      by: 'ada',
    });
    await isEmitted(kept);
    expect(await acknowledgeFindings(outboxes.state.pool, [lost.eventId], 'restored')).toEqual([lost.eventId]);
    step('the audit has nothing more to say; the one sent again is known by its id');
    const after = await world.audit();
    expect(after).toMatchObject({ unexplained: 0 });
    // Once before the restore, once by the replay: subscribers know it by its id.
    expect(after.examples.redelivered).toEqual([kept.eventId]);
  } finally {
    await snapshot.drop();
  }
});
