import { type Connection } from '@temporalio/client';
import { connectClient } from '../../../runtime/temporal';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy';
import { servers } from '../../support/servers';
import { waitFor } from '../../support/wait-for';

let proxy: FaultProxy;
let connection: Connection;

beforeEach(async () => {
  const [host = '', port = ''] = servers().temporalAddress.split(':');
  proxy = await startFaultProxy({ host, port: Number(port) });
});

afterEach(async () => {
  await connection.close();
  await proxy.close();
});

it('connects again to a Temporal that took the connection and said nothing', async () => {
  const { temporalNamespace: namespace } = servers();
  proxy.set('half-open');
  connection = connectClient({
    temporalAddress: `127.0.0.1:${proxy.port}`,
    temporalNamespace: namespace,
    temporalApiKey: '',
    temporalTls: false,
  });
  const ask = () =>
    connection.withDeadline(Date.now() + 5_000, () => connection.workflowService.describeNamespace({ namespace }));
  await expect(ask()).rejects.toThrow();
  proxy.set('pass');
  // The connection that was begun never carries anything.
  await waitFor(ask, { what: 'an answer' });
});
