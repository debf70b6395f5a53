import { type MediaClaimedSignal } from '../../contracts/signals';

/**
 * Signals to the workflow of an upload that its post has come, so that it need not wait out its hour.
 *
 * A port: the client of Temporal stays behind it, and a test of activities records who was woken.
 */
export interface UploadWaker {
  /**
   * False: there is no such run, or it has ended. Nothing depends on the signal: PostgreSQL has the link already.
   * @throws NovaError as runtime/classify-temporal-error says, such as TEMPORAL_UNAVAILABLE
   */
  mediaClaimed(workflowId: string, signal: MediaClaimedSignal): Promise<boolean>;
}
