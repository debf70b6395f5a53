import { type Client, isGrpcServiceError } from '@temporalio/client';
import { NovaError } from '../../contracts/failures';
import { type DeletedSignal, type MediaClaimedSignal, signals } from '../../contracts/signals';
import { oneLine } from '../../runtime/errors';
import { takesNoSignals } from '../../runtime/temporal-signals';
import { type RunSignaller } from '../ports/run-signaller';
import { type UploadWaker } from '../ports/upload-waker';

const resourceExhausted = 8;

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
      throw new NovaError(isBusy(thrown) ? 'TEMPORAL_BUSY' : 'TEMPORAL_UNAVAILABLE', oneLine(thrown), {
        cause: thrown,
      });
    }
  }
}

function isBusy(thrown: unknown): boolean {
  for (let error: unknown = thrown; error instanceof Error; error = error.cause) {
    if (isGrpcServiceError(error)) return (error.code as number) === resourceExhausted;
  }
  return false;
}
