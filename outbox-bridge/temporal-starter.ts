import { type Connection, WorkflowClient, type WorkflowStartInput } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/common';
import { NovaError } from '../contracts/failures';
import { runOwnerOf, startedFor } from '../contracts/run-owner';
import { classifyTemporalError, mayConcernOneStart } from '../runtime/classify-temporal-error';
import { notOurs } from './not-ours';
import { type StartSettings, requestIdOf, startOptions } from '../runtime/start-options';
import { type Lookup, type StartOutcome, type StartRequest, type WorkflowStarter } from './ports';

/**
 * Makes the start's request id that of the row: the client's default is a random id, which only the server's duplicate error would show
 * from a stranger's. The method is protected in the SDK's typings: it keeps interceptors and converters working.
 */
class OutboxWorkflowClient extends WorkflowClient {
  protected override async createStartWorkflowRequest(input: WorkflowStartInput) {
    const request = await super.createStartWorkflowRequest(input);
    request.requestId = requestIdOf(input.options);
    return request;
  }
}

/** Temporal replies to the simplest question within this, milliseconds, or counts as away. */
const usualSlowAfterMs = 1_000;

export class TemporalStarter implements WorkflowStarter {
  private readonly client: OutboxWorkflowClient;

  constructor(
    private readonly connection: Connection,
    private readonly options: StartSettings & {
      readonly namespace: string;
      /** Bound of one call, the SDK's own retries included; well under the lease. */
      readonly deadlineMs: number;
      /** How long the simplest call may take before Temporal is taken for away, milliseconds. Default 1,000. */
      readonly slowAfterMs?: number;
    },
  ) {
    this.client = new OutboxWorkflowClient({ connection, namespace: options.namespace });
  }

  async start(request: StartRequest): Promise<StartOutcome> {
    try {
      await this.within(() => this.client.start(request.workflowType, startOptions(request, this.options)));
      return { kind: 'started' };
    } catch (thrown) {
      if (thrown instanceof WorkflowExecutionAlreadyStartedError) return this.verify(request);
      const { code, detail } = classifyTemporalError(thrown);
      if (code === 'TEMPORAL_UNAVAILABLE' && mayConcernOneStart(thrown) && (await this.repliesToOthers()))
        return { kind: 'failed', code: 'TEMPORAL_SLOW', detail };
      return { kind: 'failed', code, detail };
    }
  }

  /**
   * One start without a reply, or with an error inside the server, is not yet an outage: an overloaded Temporal drops
   * some and replies to others. Taken for an outage, it would stop every claim and collapse the window some hundred
   * times an hour, and a backlog would never drain.
   */
  private async repliesToOthers(): Promise<boolean> {
    return this.ask(this.options.slowAfterMs ?? usualSlowAfterMs).then(
      () => true,
      () => false,
    );
  }

  /**
   * Someone else's request started this id, or ours was reset or continued as new since: look who it is. "Already
   * started" counts as a start only after the run proves to be ours.
   */
  private async verify(request: StartRequest): Promise<StartOutcome> {
    const found = await this.lookUp(request);
    if (found === 'ours') return { kind: 'started' };
    if (found === 'unknown')
      return { kind: 'failed', code: 'TEMPORAL_BUSY', detail: 'the run vanished between two replies' };
    return typeof found === 'string' ? { kind: 'failed', ...notOurs(found, request.ref.eventId) } : found;
  }

  async lookUp({ ref, workflowType }: StartRequest): Promise<Lookup | Extract<StartOutcome, { kind: 'failed' }>> {
    try {
      const run = await this.within(() => this.client.getHandle(ref.eventId).describe());
      return runOwnerOf({ startedFor: startedFor(run.memo), workflowType: run.type }, { ...ref, workflowType });
    } catch (thrown) {
      if (thrown instanceof WorkflowNotFoundError) return 'unknown';
      return { kind: 'failed', ...classifyTemporalError(thrown) };
    }
  }

  async probe(): Promise<void> {
    try {
      await this.ask(this.options.deadlineMs);
    } catch (thrown) {
      const { code, detail } = classifyTemporalError(thrown);
      throw new NovaError(code, detail, { cause: thrown });
    }
  }

  /** The simplest question there is. */
  private async ask(deadlineMs: number): Promise<void> {
    const { namespace } = this.options;
    await this.within(() => this.connection.workflowService.describeNamespace({ namespace }), deadlineMs);
  }

  private within<T>(call: () => Promise<T>, deadlineMs = this.options.deadlineMs): Promise<T> {
    return this.connection.withDeadline(Date.now() + deadlineMs, call);
  }
}
