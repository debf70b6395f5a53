import { type Client } from '@temporalio/client';
import { type DeletedSignal, type MediaClaimedSignal, signals } from '../../contracts/signals';
import { temporalFailure } from '../../runtime/classify-temporal-error';
import { takesNoSignals } from '../../runtime/temporal-signals';
import { type RunSignaller } from './run-signaller';
import { type UploadWaker } from './upload-waker';

export class TemporalRunSignaller implements RunSignaller, UploadWaker {
  constructor(
    private readonly client: Client,
    private readonly options: { readonly deadlineMs: number } = { deadlineMs: 2_000 },
  ) {}

  deleted(workflowId: string, signal: DeletedSignal): Promise<boolean> {
    return this.send(workflowId, signals.deleted, signal);
  }

  mediaClaimed(workflowId: string, signal: MediaClaimedSignal): Promise<boolean> {
    return this.send(workflowId, signals.mediaClaimed, signal);
  }

  private async send(workflowId: string, name: string, payload: object): Promise<boolean> {
    const handle = this.client.workflow.getHandle(workflowId);
    try {
      // Without a deadline the client itself retries a busy server for some 40 s.
      await this.client.withDeadline(Date.now() + this.options.deadlineMs, () => handle.signal(name, payload));
      return true;
    } catch (thrown) {
      if (takesNoSignals(thrown)) return false;
      throw temporalFailure(thrown);
    }
  }
}
