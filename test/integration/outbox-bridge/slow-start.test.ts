import { Connection } from '@temporalio/client';
import { type EventRef } from '../../../contracts/event-ref';
import { TemporalStarter } from '../../../outbox-bridge/temporal-starter';
import { newId } from '../../support/events';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy';
import { servers } from '../../support/servers';
import { testQueuePrefix } from '../../support/temporal';

let proxy: FaultProxy;
let connection: Connection;
beforeAll(async () => {
  const [host = '', port = ''] = servers().temporalAddress.split(':');
  proxy = await startFaultProxy({ host, port: Number(port) });
  connection = await Connection.connect({ address: `127.0.0.1:${proxy.port}` });
});
afterAll(async () => {
  await connection.close();
  await proxy.close();
});

const ref = (): EventRef => ({
  eventId: newId(),
  eventType: 'message.edited',
  schemaVersion: 1,
  aggregateType: 'conversation',
  aggregateId: newId(),
  sequence: 1,
  createdAt: new Date().toISOString(),
  createdAtMs: Date.now(),
  priority: 2,
});

/** So short a deadline that no start can be answered in it. */
const start = (slowAfterMs: number) =>
  new TemporalStarter(connection, {
    namespace: servers().temporalNamespace,
    taskQueuePrefix: testQueuePrefix(),
    deadlineMs: 1,
    slowAfterMs,
  }).start({ ref: ref(), workflowType: 'emitWorkflow' });

describe('a start without a reply', () => {
  it('is overload while Temporal replies to others: it stops no claim and raises no alarm', async () => {
    expect(await start(60_000)).toMatchObject({ kind: 'failed', code: 'TEMPORAL_SLOW' });
  });

  it('is an outage when Temporal replies to nothing', async () => {
    proxy.set('half-open');
    expect(await start(1_000)).toMatchObject({ kind: 'failed', code: 'TEMPORAL_UNAVAILABLE' });
    proxy.set('pass');
  });
});
