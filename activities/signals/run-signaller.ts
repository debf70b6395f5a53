import { type DeletedSignal } from '../../contracts/signals';

/** Signals running workflows. A signal only makes things faster; nothing depends on its arrival. */
export interface RunSignaller {
  /**
   * Sends `deleted` to a workflow. False: there is no such run, or it has ended: nothing to stop.
   * @throws NovaError TEMPORAL_UNAVAILABLE, TEMPORAL_BUSY
   */
  deleted(workflowId: string, signal: DeletedSignal): Promise<boolean>;
}
