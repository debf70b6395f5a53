import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client } from '@temporalio/client';
import { type Redis } from 'ioredis';
import { realAuditDeps } from '../../../../activities/audit/real-deps';
import { runAudit } from '../../../../activities/audit/run-audit';
import { NovaError } from '../../../../contracts/failures';
import { configFrom } from '../../../../runtime/config';
import { OutboxPools } from '../../../../runtime/outbox-pools';
import { createRedis } from '../../../../runtime/redis';
import { auditCommandSettings } from '../../../../ops/audit/audit';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { insertEvent, newId } from '../../../support/events';
import { type TestTopics, createTestTopics } from '../../../support/kafka';
import { type OwnSystem, createOwnSystem, untilReady } from '../../../support/own-system';
import { silentLogger } from '../../../support/logger';
import { servers } from '../../../support/servers';
import { createTestClient } from '../../../support/temporal';
import { waitFor, waitUntilDone } from '../../../support/wait-for';

const leastEvents = 160;
let database: TestDatabase;
let topics: TestTopics;
let client: Client;
let system: OwnSystem;
let redis: Redis;

beforeAll(async () => {
  [database, client, topics] = await Promise.all([
    createTestDatabase(),
    createTestClient(),
    createTestTopics(['message']),
  ]);
  const settings = { KAFKA_TOPIC_PREFIX: topics.prefix, AUDIT_EVERY_S: '0', OUTBOX_LEASE_MS: '2000' };
  system = await createOwnSystem(servers(), database.url, settings);
});
afterAll(async () => {
  redis.disconnect();
  await system.close();
  await client.connection.close();
  await Promise.all([database.drop(), topics.drop()]);
});

it('accuses no one while bridges and workers are killed under load, nor afterwards', async () => {
  const first = await Promise.all([
    system.startBridge(),
    system.startBridge(),
    system.startWorkers(),
    system.startWorkers(),
  ]);
  await untilReady(first[0], first[2]);
  const config = configFrom(auditCommandSettings, {
    ...system.environment,
    AUDIT_SETTLE_S: '2',
    AUDIT_GRACE_MS: '1000',
    AUDIT_LISTS_PER_S: '100',
  });
  redis = createRedis({ url: config.redisUrl, keyPrefix: config.redisKeyPrefix, logger: silentLogger });
  await redis.connect();
  const { pool } = database;
  const deps = {
    ...realAuditDeps({
      ...{ pool, outboxes: OutboxPools.one(pool) },
      redis,
      temporal: client,
      kafka: topics.kafka,
      config,
    }),
    sleep: (ms: number) => sleep(ms),
  };
  // Far tighter than in production: some leases. A starved bridge may need seconds to take over from one that was killed.
  const limits = { ...deps.limits, marginMs: 10_000, markMs: 30_000, emitMs: 5_000 };
  const audit = () => runAudit({ ...deps, limits }, { auditId: newId(), origin: 'demand', sinceMs: 3_600_000 });

  const victims = [first[1], first[3], first[0], first[2]];
  let [written, killing] = [0, true];
  const conversations = Array.from({ length: 20 }, randomUUID);
  const writer = (async () => {
    for (; killing || written < leastEvents; written++) {
      const conversation_id = conversations[written % conversations.length]!;
      const payload = { message_id: newId(), conversation_id, editor_id: newId(), content: 'text' };
      await insertEvent(database.pool, 'message.edited', payload as never, { started: false });
      await sleep(50);
    }
  })();
  const killer = (async () => {
    for (const [i, victim] of victims.entries()) {
      await waitFor(() => written >= 20 * (i + 1), { what: 'events under way' });
      victim.kill();
      const successor = await (i % 2 === 0 ? system.startBridge() : system.startWorkers());
      // Then the next may die: while no process marks, a late mark is an accusation that is deserved.
      await waitFor(async () => (await successor.health()).ok, { what: `${successor.name} at work` });
    }
  })().finally(() => (killing = false));
  const accused: unknown[] = [];
  let audits = 0;
  while (killing) {
    const report = await unlessAway(audit);
    if (report === undefined) continue;
    audits += 1;
    if (report.unexplained > 0) accused.push(report, await deps.store.open(10));
  }
  await Promise.all([writer, killer]);
  const open = 'SELECT count(*) AS open FROM outbox_events WHERE published_at IS NULL OR emitted_at IS NULL';
  const left = async () => (await database.pool.query<{ open: number }>(open)).rows[0]?.open ?? Infinity;
  await waitUntilDone(left, { what: 'everything emitted' });
  expect({ audits: audits > 0, accused }).toEqual({ audits: true, accused: [] });
  const last = await waitFor(async () => {
    const report = await audit();
    return report.examined.rows === written ? report : undefined;
  });
  expect(last).toMatchObject({ unexplained: 0, examined: { rows: written } });
});

/** A server that does not reply in time, as on a starved machine, ends an audit; the schedule makes another one. */
async function unlessAway<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof NovaError && thrown.entry.retryable) return undefined;
    throw thrown;
  }
}
