import { type Client, type Connection } from '@temporalio/client';
import { type Pool } from 'pg';
import { KafkaAuditRecords } from '../../activities/audit/kafka-audit-records';
import { PgAuditRows } from '../../activities/audit/pg-audit-rows';
import { PgAuditStore } from '../../activities/audit/pg-audit-store';
import { type AuditOrder, runAudit } from '../../activities/audit/run-audit';
import { TemporalAuditRuns } from '../../activities/audit/temporal-audit-runs';
import { createEmitActivities } from '../../activities/emit/create-emit-activities';
import { guarded } from '../../activities/guard';
import { type AuditReport } from '../../contracts/audit-kinds';
import { type EventRef } from '../../contracts/event-ref';
import { mainOutbox, outboxOf } from '../../contracts/outbox-name';
import { startOptions } from '../../runtime/start-options';
import { OutboxPools } from '../../runtime/outbox-pools';
import { quickLimits } from './audit-world';
import { createTestBridge } from './bridge';
import { newDatabaseName, patientPool } from './database';
import { startPatientSink } from './emitter';
import { insertEvent, newId } from './events';
import { createTestTopics } from './kafka';
import { silentLogger } from './logger';
import { type CommandResult, runOps } from './ops-command';
import { type TestOutboxes, createTestOutboxes } from './outboxes';
import { databaseUrl } from './servers';
import { createTestClient, startTestWorkers, testQueuePrefix } from './temporal';
import { waitFor } from './wait-for';

/** Two outboxes with databases of their own, `main` and `social`, and one State, whose runs emit to the same topic. */
export interface AuditedOutboxes {
  readonly outboxes: TestOutboxes;
  readonly client: Client;
  readonly prefix: string;
  /** Commits an event; pending. */
  event(outbox: string, aggregateId?: string): Promise<EventRef>;
  /** A bridge starts what is pending in `main`. */
  bridged(refs: readonly EventRef[]): Promise<void>;
  /** As a bridge does, one event of any outbox. */
  started(ref: EventRef): Promise<void>;
  /** `away`: an outbox whose database is not there; `without`: that the settings do not name. */
  audit(order?: Partial<AuditOrder>, how?: { away?: string; without?: string }): Promise<AuditReport>;
  /** Open findings of an event. */
  findings(eventId: string): Promise<{ kind: string; outbox: string | null; detail: string }[]>;
  set(ref: EventRef, assignments: string): Promise<void>;
  poolOf(outbox: string): Pool;
  /** The operator's command on this deployment. */
  ops(...args: string[]): Promise<CommandResult>;
  close(): Promise<void>;
}

export async function createAuditedOutboxes(): Promise<AuditedOutboxes> {
  const prefix = testQueuePrefix();
  const [outboxes, client, topics] = await Promise.all([
    createTestOutboxes(mainOutbox, 'social'),
    createTestClient(),
    createTestTopics(['message']),
  ]);
  // As while a database is dropped and restored.
  const gone = databaseUrl(outboxes.state.url, newDatabaseName());
  const nowhere = patientPool({ url: gone, max: 1, applicationName: 'nova-test' });
  const poolOf = (outbox: string) => outboxes.of[outbox]!.pool;
  const sink = await startPatientSink();
  const emits = createEmitActivities({ outboxes: outboxes.pools, sink, topics: topics.topics, logger: silentLogger });
  const workers = await startTestWorkers({
    ...{ prefix, queues: ['kafka'] as const, patient: true },
    workflowsPath: require.resolve('../../workflows/emit-only'),
    activities: guarded({ emitEvent: emits.emitEvent }),
  });
  const runs = new TemporalAuditRuns(client, { taskQueuePrefix: prefix, listsPerSecond: 200, deadlineMs: 60_000 });
  const store = new PgAuditStore(outboxes.state.pool);
  const records = new KafkaAuditRecords(topics.kafka, [topics.topics.message], `${topics.prefix}-audit`);

  const ended = async (refs: readonly EventRef[]) => {
    for (const ref of refs)
      await waitFor(async () => {
        const { rows } = await poolOf(outboxOf(ref)).query(
          'SELECT FROM outbox_events WHERE id = $1 AND published_at IS NOT NULL AND emitted_at IS NOT NULL',
          [ref.eventId],
        );
        return rows.length > 0;
      });
    await listed(refs);
  };
  const listed = async (refs: readonly EventRef[]) => {
    await Promise.all(refs.map(({ eventId }) => client.workflow.getHandle(eventId).result()));
    const ids = refs.map(({ eventId }) => `'${eventId}'`).join(', ');
    const query = `WorkflowId IN (${ids}) AND ExecutionStatus = 'Completed'`;
    await waitFor(async () => (await client.workflow.count(query)).count >= refs.length, { what: 'runs to be listed' });
  };
  return {
    ...{ outboxes, client, prefix, poolOf },
    async event(outbox, aggregateId = newId()) {
      const payload = { message_id: newId(), conversation_id: aggregateId, editor_id: newId(), content: 'text' };
      const ref = await insertEvent(poolOf(outbox), 'message.edited', payload, { started: false, aggregateId });
      return outbox === mainOutbox ? ref : { ...ref, outbox };
    },
    async bridged(refs) {
      const connection = client.connection as Connection;
      const { bridge } = createTestBridge({ pool: poolOf(mainOutbox), connection, prefix });
      await bridge.start();
      const isStarted = async ({ eventId }: EventRef) => {
        const { rows } = await poolOf(mainOutbox).query(
          'SELECT FROM outbox_events WHERE id = $1 AND published_at IS NOT NULL',
          [eventId],
        );
        return rows.length > 0;
      };
      for (const ref of refs) await waitFor(() => isStarted(ref));
      await bridge.stop();
      await listed(refs);
    },
    async started(ref) {
      await client.workflow.start(
        'emitWorkflow',
        startOptions({ ref, workflowType: 'emitWorkflow' }, { taskQueuePrefix: prefix }),
      );
      await poolOf(outboxOf(ref)).query('UPDATE outbox_events SET published_at = clock_timestamp() WHERE id = $1', [
        ref.eventId,
      ]);
      await ended([ref]);
    },
    audit(order = { sinceMs: 600_000 }, { away, without } = {}) {
      const pools = new OutboxPools(
        new Map(Object.keys(outboxes.of).map((name) => [name, name === away ? nowhere : poolOf(name)])),
      );
      const names = pools.names.filter((name) => name !== without);
      const rows = names.map((outbox) => new PgAuditRows(pools.of({ outbox }), outbox));
      const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
      const deps = { outboxes: rows, runs, records, store, limits: quickLimits, sleep };
      return runAudit(deps, { auditId: newId(), origin: 'demand', ...order });
    },
    async findings(eventId) {
      const { rows } = await outboxes.state.pool.query<{ kind: string; outbox: string | null; detail: string }>(
        'SELECT kind, outbox, detail FROM audit_findings WHERE event_id = $1 AND resolved_at IS NULL ORDER BY kind',
        [eventId],
      );
      return rows;
    },
    async set(ref, assignments) {
      await poolOf(outboxOf(ref)).query(`UPDATE outbox_events SET ${assignments} WHERE id = $1`, [ref.eventId]);
    },
    ops: (...args) =>
      runOps(
        {
          ...outboxes.environment,
          ...{ KAFKA_TOPIC_PREFIX: topics.prefix, TASK_QUEUE_PREFIX: prefix },
          ...{ AUDIT_SETTLE_S: '0', AUDIT_GRACE_MS: '200' },
        },
        ...args,
      ),
    async close() {
      await workers.stop();
      await Promise.all([sink.close(), client.connection.close(), nowhere.end()]);
      await Promise.all([outboxes.drop(), topics.drop()]);
    },
  };
}
