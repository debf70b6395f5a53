import { randomUUID } from 'node:crypto';
import { type Client, type Connection } from '@temporalio/client';
import { type StartRequest, type WorkflowStarter } from '../../outbox-bridge/ports';
import { TemporalStarter } from '../../outbox-bridge/temporal-starter';
import { servers } from '../support/servers';
import { createTestClient, testQueuePrefix } from '../support/temporal';
import { waitFor } from '../support/wait-for';
import { ModelTemporal } from './model-temporal';

let client: Client;
let starter: WorkflowStarter;
let prefix: string;

beforeAll(async () => {
  client = await createTestClient();
  prefix = testQueuePrefix();
  starter = new TemporalStarter(client.connection as Connection, {
    namespace: servers().temporalNamespace,
    taskQueuePrefix: prefix,
    // No call is to end by it: the model never says that Temporal is away.
    deadlineMs: 120_000,
  });
});
afterAll(async () => client.connection.close());

function request(): StartRequest {
  const ref = {
    eventId: randomUUID(),
    eventType: 'message.edited',
    schemaVersion: 1,
    aggregateType: 'conversation',
    aggregateId: randomUUID(),
    sequence: 1,
    createdAt: '2026-01-01T00:00:00.000000Z',
    createdAtMs: Date.UTC(2026, 0, 1),
    priority: 1,
  } as const;
  return { ref, workflowType: 'emitWorkflow' };
}

/** A namespace of the model that forgets only on request, with workflows that end only on request. */
function modelTemporal(): { model: ModelTemporal; starts: string[]; close: () => void } {
  const starts: string[] = [];
  let nowMs = 0;
  const model = new ModelTemporal({
    now: () => nowMs,
    retentionMs: 1_000_000,
    treatmentOf: () => ({ refusals: 0, runMs: 1 }),
    weather: () => undefined,
    onStart: ({ id }) => starts.push(id),
  });
  return { model, starts, close: () => void (nowMs += 2) };
}

const kindOf = (outcome: Awaited<ReturnType<WorkflowStarter['start']>>): string =>
  outcome.kind === 'started' ? 'started' : outcome.code;

const runIdOf = async (id: string): Promise<string> => (await client.workflow.getHandle(id).describe()).runId;

async function deleteRun(id: string): Promise<void> {
  await client.workflowService.deleteWorkflowExecution({
    namespace: servers().temporalNamespace,
    workflowExecution: { workflowId: id },
  });
  await waitFor(
    async () => (await starter.lookUp({ ...request(), ref: { ...request().ref, eventId: id } })) === 'unknown',
  );
}

describe('the model of Temporal replies as the real server does', () => {
  it('the same request again, open and closed: the same run; after deletion: a new one', async () => {
    const { model, starts, close } = modelTemporal();
    const asked = request();
    const id = asked.ref.eventId;
    expect(await starter.lookUp(asked)).toBe(model.lookUp(asked));
    expect(kindOf(await starter.start(asked))).toBe(kindOf(model.start(asked)));
    const first = await runIdOf(id);
    expect(kindOf(await starter.start(asked))).toBe(kindOf(model.start(asked)));
    expect(await runIdOf(id)).toBe(first);
    await client.workflow.getHandle(id).terminate();
    close();
    expect(kindOf(await starter.start(asked))).toBe(kindOf(model.start(asked)));
    expect(await runIdOf(id)).toBe(first);
    expect(starts).toEqual([id]);
    await deleteRun(id);
    model.delete(id);
    expect(await starter.lookUp(asked)).toBe(model.lookUp(asked));
    expect(kindOf(await starter.start(asked))).toBe(kindOf(model.start(asked)));
    expect(await runIdOf(id)).not.toBe(first);
    expect(starts).toEqual([id, id]);
    await client.workflow.getHandle(id).terminate();
  });

  it('an id that another program took: refused for good, and recognised', async () => {
    const { model, starts } = modelTemporal();
    const asked = request();
    const foreign = await client.workflow.start('anotherWorkflow', {
      workflowId: asked.ref.eventId,
      taskQueue: `${prefix}-unpolled`,
    });
    model.plantForeign(asked.ref.eventId);
    expect(await starter.lookUp(asked)).toBe(model.lookUp(asked));
    expect(kindOf(await starter.start(asked))).toBe(kindOf(model.start(asked)));
    expect(starts).toEqual([]);
    await foreign.terminate();
  });
});
