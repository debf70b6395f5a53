import { NativeConnection } from '@temporalio/worker';
import { oneLine } from '../runtime/errors';
import { type TemporalAddress, connectionOptions } from '../runtime/temporal';

/**
 * One connection for all workers of the process. Uncompressed: our tasks are a few hundred bytes. Looks whether the
 * namespace is there, since a Worker that does not find it leaves its threads behind.
 */
export async function connectWorker(config: TemporalAddress): Promise<NativeConnection> {
  const { temporalAddress: address, temporalNamespace: namespace } = config;
  let connection: NativeConnection | undefined;
  try {
    connection = await NativeConnection.connect({ ...connectionOptions(config), grpcCompression: { codec: 'none' } });
    await connection.workflowService.describeNamespace({ namespace });
    return connection;
  } catch (thrown) {
    await connection?.close();
    const what = connection === undefined ? 'no Temporal' : `no namespace "${namespace}" (TEMPORAL_NAMESPACE)`;
    throw new Error(`${what} at ${address} (TEMPORAL_ADDRESS): ${oneLine(thrown, 200)}`, { cause: thrown });
  }
}
