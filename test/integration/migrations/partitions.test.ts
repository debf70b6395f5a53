import { Gauge, Registry } from 'prom-client';
import { randomUUID } from 'node:crypto';
import { PartitionsAhead, partitionDaysAhead } from '../../../outbox/housekeeping/partitions-ahead';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';
import { awayFromMidnight, insertOld } from '../../support/partitions';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
  await awayFromMidnight(database.pool);
});
afterEach(() => database.drop());

const tomorrow = (days: number): string => `to_char((now() AT TIME ZONE 'UTC')::date + ${days}, 'YYYYMMDD')`;
/** Detaches the partition of a day to come, as someone by mistake. */
const detach = (days: number) =>
  database.pool.query(`DO $$ BEGIN
    EXECUTE format('ALTER TABLE outbox_events DETACH PARTITION outbox_events_%s', ${tomorrow(days)}); END $$`);
const drop = (days: number) =>
  database.pool.query(`DO $$ BEGIN EXECUTE format('DROP TABLE outbox_events_%s', ${tomorrow(days)}); END $$`);

function ahead(options: { days?: number; alarmDays?: number } = {}) {
  const gauge = new Gauge({
    name: `ahead_${randomUUID().replaceAll('-', '_')}`,
    help: 'x',
    registers: [new Registry()],
  });
  const partitions = new PartitionsAhead({
    database: database.pool,
    days: 14,
    alarmDays: 7,
    gauge,
    logger: silentLogger,
    ...options,
  });
  return { partitions, days: async () => (await gauge.get()).values[0]!.value };
}

describe('days ahead', () => {
  it('count up to the first gap, not to the last partition', async () => {
    expect(await partitionDaysAhead(database.pool)).toBe(14);
    await drop(3);
    expect(await partitionDaysAhead(database.pool)).toBe(2);
    await drop(0);
    expect(await partitionDaysAhead(database.pool)).toBe(-1);
  });

  it('are made again where one is missing, also when its table is there and only detached', async () => {
    await drop(3);
    await detach(5);
    const { partitions, days } = ahead();
    await partitions.keep();
    expect(await days()).toBe(14);
    expect(partitions.alarm).toBeUndefined();
    await insertOld(database.pool, -5);
  });

  it('too few of them are an alarm, which says why and ends when they are made', async () => {
    await drop(4);
    // Something with the name of a partition that is none: nothing can be made in its place.
    await database.pool.query(
      `DO $$ BEGIN EXECUTE format('CREATE TABLE outbox_events_%s (x integer)', ${tomorrow(4)}); END $$`,
    );
    const { partitions, days } = ahead();
    await expect(partitions.keep()).rejects.toThrow();
    expect(await days()).toBe(3);
    expect(partitions.alarm).toMatch(/end in 3 days, inserts fail after that; making them failed: /);
    await drop(4);
    await partitions.keep();
    expect(partitions.alarm).toBeUndefined();
    expect(await days()).toBe(14);
  });

  it('fewer than the alarm because fewer are asked for are no alarm', async () => {
    const { partitions } = ahead({ days: 3, alarmDays: 20 });
    await partitions.keep();
    expect(partitions.alarm).toBeUndefined();
  });
});
