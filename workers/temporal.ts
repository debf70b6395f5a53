import { setTimeout as pause } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import { temporalFailure } from '../runtime/classify-temporal-error';
import { NovaError } from '../contracts/failures';
import { oneLine } from '../runtime/errors';
import { grpcStatusOf } from '../runtime/service-error';
import { temporalTlsFault } from '../runtime/temporal-tls';
import { type TemporalAddress, connectionOptions } from '../runtime/temporal';
import { withTemporalSetting } from '../runtime/which-setting';
import { within } from '../runtime/within';

/** Bound of one try: a server may take connections and answer nothing. */
const tryMs = 5_000;

/**
 * One connection for all workers of the process. Uncompressed: our tasks are a few hundred bytes. Looks whether the
 * namespace is there, since a Worker that does not find it leaves its threads behind.
 */
export async function connectWorker(config: TemporalAddress): Promise<NativeConnection> {
  const { temporalAddress: address, temporalNamespace: namespace } = config;
  let connection: NativeConnection | undefined;
  try {
    const made = await inTime(
      NativeConnection.connect({ ...connectionOptions(config), grpcCompression: { codec: 'none' } }),
    );
    connection = made;
    await made.withDeadline(Date.now() + tryMs, () => made.workflowService.describeNamespace({ namespace }));
    return made;
  } catch (thrown) {
    await connection?.close();
    if (connection !== undefined && grpcStatusOf(thrown) !== undefined)
      throw new NovaError(temporalFailure(thrown).code, withTemporalSetting(thrown, config), { cause: thrown });
    const why = (await temporalTlsFault(config)) ?? oneLine(thrown, 200);
    throw new Error(`no Temporal at ${address} (TEMPORAL_ADDRESS): ${why}`, { cause: thrown });
  }
}

/** The SDK sets no bound of its own. A connection that comes too late is closed. */
function inTime(connecting: Promise<NativeConnection>): Promise<NativeConnection> {
  return within(tryMs, connecting, () => {
    connecting.then((late) => late.close()).catch(() => undefined);
    return new Error(`no reply within ${tryMs} ms`);
  });
}

/**
 * The same, but waits for a Temporal that is not there yet, or has no such namespace yet: in which order servers and
 * processes start must not matter. `waiting` gets the reason before each pause. Undefined: `stop` came first.
 */
export async function connectWhenThere(
  config: TemporalAddress,
  stop: AbortSignal,
  waiting: (reason: string) => void,
): Promise<NativeConnection | undefined> {
  for (let delayMs = 250; !stop.aborted; delayMs = Math.min(delayMs * 2, 5_000)) {
    try {
      return await connectWorker(config);
    } catch (thrown) {
      waiting(oneLine(thrown));
      await pause(delayMs, undefined, { signal: stop }).catch(() => undefined);
    }
  }
  return undefined;
}
