import { NativeConnection } from '@temporalio/worker';
import { oneLine } from '../runtime/errors';
import { type TemporalAddress, connectionOptions } from '../runtime/temporal';

/** One connection for all workers of the process. Uncompressed: our tasks are a few hundred bytes. */
export async function connectWorker(config: TemporalAddress): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect({ ...connectionOptions(config), grpcCompression: { codec: 'none' } });
  } catch (thrown) {
    throw new Error(`no Temporal at ${config.temporalAddress} (TEMPORAL_ADDRESS): ${oneLine(thrown)}`, {
      cause: thrown,
    });
  }
}
