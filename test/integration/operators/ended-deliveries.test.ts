import { planHousekeeping } from '../../../ops/housekeeping/housekeeping';
import { doneText } from '../../../ops/housekeeping/housekeeping-print';
import { OutboxPools } from '../../../runtime/outbox-pools';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { newId } from '../../support/events';
import { backdateOutbox, dayName, insertOld, noon, partitionNames, turn } from '../../support/partitions';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
  await backdateOutbox(database.pool, [35, 3]);
});
afterEach(() => database.drop());

const deliver = async (eventId: string, state: string, daysAgo: number) => {
  await database.pool.query(
    `INSERT INTO notification_deliveries (event_id, recipient_id, channel, kind, state, claimed_at, created_at)
     VALUES ($1, $2, 'email', 'x', $3, ${noon(daysAgo)}, ${noon(daysAgo)})`,
    [eventId, newId(), state],
  );
};
const statesOf = async (eventId: string) =>
  (
    await database.pool.query<{ state: string; reason: string | null }>(
      'SELECT state, reason FROM notification_deliveries WHERE event_id = $1 ORDER BY state',
      [eventId],
    )
  ).rows.map(({ state, reason }) => `${state} ${reason}`);

describe('deliveries of a run that has ended', () => {
  it('are ended, so that their day can go: claimed as unknown, pending as skipped, and the report names them', async () => {
    const { pool } = database;
    const eventId = await insertOld(pool, 35);
    await deliver(eventId, 'pending', 35);
    await deliver(eventId, 'claimed', 35);
    const report = await turn(pool);
    expect(report!.ended).toEqual({ unknown: 1, skipped: 1, examples: [eventId] });
    const whole = { outboxes: { main: report! }, state: report!, busy: {}, failed: {} };
    expect(doneText(whole)).toMatch(/1 of unknown outcome, 1 never sent \(events: .*; npx nova replay sends those\)/);
    expect(report!.kept).toEqual({});
    expect(await partitionNames(pool)).not.toContain(await dayName(pool, 35));
  });

  it('stay as they are while the run, or a replay of it, is open', async () => {
    const { pool } = database;
    const [waiting, late] = [await insertOld(pool, 35), await insertOld(pool, 35)];
    for (const id of [waiting, late]) {
      await deliver(id, 'pending', 35);
      await deliver(id, 'claimed', 35);
    }
    // One is in the list; of the other the list does not know yet.
    const report = await turn(pool, { openRuns: async () => [waiting], isOpen: async (id) => id === late });
    expect(report!.ended).toEqual({ unknown: 0, skipped: 0, examples: [] });
    expect(await statesOf(late)).toEqual(['claimed null', 'pending null']);
    // Temporal does not reply: nothing is ended on a guess.
    expect((await turn(pool, { openRuns: async () => 'unknown' }))!.ended).toMatchObject({ unknown: 0, skipped: 0 });
    const deps = { state: pool, outboxes: OutboxPools.one(pool), retentionDays: 30, openRuns: async () => [] };
    const { main } = await planHousekeeping(deps);
    expect(main!.keep[await dayName(pool, 35)]).toMatch(/deliveries not finished \(for example .*(?:, .*)\)/);
  });

  it('that are young stay pending, since a reset or a replay still sends them; a claim without a sender does not', async () => {
    const eventId = await insertOld(database.pool, 3);
    await deliver(eventId, 'pending', 3);
    await deliver(eventId, 'claimed', 3);
    expect((await turn(database.pool))!.ended).toMatchObject({ unknown: 1, skipped: 0 });
    expect(await statesOf(eventId)).toEqual(['pending null', 'unknown SENDER_DIED']);
  });
});

describe('an event whose run ended badly', () => {
  it('keeps its row until a person or a better run ends the finding: a replay needs it', async () => {
    const { pool } = database;
    const eventId = await insertOld(pool, 35);
    const past = await insertOld(pool, 50);
    for (const id of [eventId, past])
      await pool.query(
        `INSERT INTO audit_findings (event_id, kind, detail, first_seen, last_seen) VALUES ($1, 'failed_run', 'x terminated', now(), now())`,
        [id],
      );
    const name = await dayName(pool, 35);
    expect((await turn(pool))!.kept).toEqual({ [name]: { failed_runs: 1 } });
    const rows = () => pool.query('SELECT FROM outbox_events WHERE id IN ($1, $2)', [eventId, past]);
    expect((await rows()).rowCount).toBe(2);
    await pool.query(`UPDATE audit_findings SET acknowledged_at = now()`);
    expect((await turn(pool))!.dropped).toMatchObject({ [name]: 1 });
    expect((await rows()).rowCount).toBe(0);
  });
});
