import { type DeletedSignal } from '../../contracts/signals';

/**
 * Signals running workflows. A signal only makes things faster; nothing depends on its arrival.
 *
 * A port: the client of Temporal stays behind it, and a test of activities needs no run to signal.
 */
export interface RunSignaller {
  /**
   * Sends `deleted` to a workflow. False: there is no such run, or it has ended: nothing to stop.
   * @throws NovaError as runtime/classify-temporal-error says, such as TEMPORAL_UNAVAILABLE
   */
  deleted(workflowId: string, signal: DeletedSignal): Promise<boolean>;
}
