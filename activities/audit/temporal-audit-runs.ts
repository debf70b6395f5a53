import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, type WorkflowExecutionInfo } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { NovaError } from '../../contracts/failures';
import { memoNames } from '../../contracts/memo';
import { startedFor } from '../../contracts/run-owner';
import { type SearchAttributeName } from '../../contracts/search-attributes';
import { queueNames, taskQueue } from '../../contracts/workflow-types';
import { temporalFailure } from '../../runtime/classify-temporal-error';
import { toPendingActivity } from '../../runtime/pending-activity';
import { grpcStatusOf } from '../../runtime/service-error';
import { readRetentionMs } from '../../runtime/temporal-retention';
import { type AuditRuns, type DescribedRun, type ListedRun } from './audit-runs';

const largestPage = 500;
const smallestPage = 25;
/** So many pages in a row in time, and twice as many runs are asked for. */
const pagesToGrow = 20;
const priorityAttribute: SearchAttributeName = 'EventPriority';

export class TemporalAuditRuns implements AuditRuns {
  /** All visibility queries of this object share one pace. */
  private nextListMs = 0;
  /** A server that is slow gets smaller ones: it goes on with a list whose caller has given up, and the next try would come on top. */
  private pageSize = largestPage;
  private pagesInTime = 0;
  private readonly ofThisDeployment: string;

  constructor(
    private readonly client: Client,
    private readonly options: {
      readonly taskQueuePrefix: string;
      /** A frontend allows a namespace 10 visibility calls a second unless configured otherwise; operators need some. */
      readonly listsPerSecond: number;
      readonly deadlineMs: number;
    },
  ) {
    const queues = queueNames.map((queue) => quoted(taskQueue(options.taskQueuePrefix, queue)));
    this.ofThisDeployment = `TaskQueue IN (${queues.join(', ')})`;
  }

  retentionMs(): Promise<number> {
    const { connection, options } = this.client;
    return this.call(() => readRetentionMs(connection, options.namespace, this.options.deadlineMs));
  }

  started(fromMs: number, toMs: number): AsyncIterable<ListedRun[]> {
    return this.pages(`${this.ofThisDeployment} AND StartTime >= ${at(fromMs)} AND StartTime < ${at(toMs)}`);
  }

  endedBadly(fromMs: number, toMs: number): AsyncIterable<ListedRun[]> {
    const badly = `ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated', 'Canceled')`;
    return this.pages(
      `${this.ofThisDeployment} AND ${badly} AND CloseTime >= ${at(fromMs)} AND CloseTime < ${at(toMs)}`,
    );
  }

  openSince(before: ReadonlyMap<string, number>): AsyncIterable<ListedRun[]> {
    const late = [...before].map(([type, ms]) => `(WorkflowType = ${quoted(type)} AND StartTime < ${at(ms)})`);
    return this.pages(`${this.ofThisDeployment} AND ExecutionStatus = 'Running' AND (${late.join(' OR ')})`);
  }

  async *paused(): AsyncIterable<ListedRun[]> {
    try {
      yield* this.pages(`${this.ofThisDeployment} AND ExecutionStatus = 'Running' AND TemporalPauseInfo IS NOT NULL`);
    } catch (thrown) {
      // A server that does not know the attribute cannot pause activities in a way that it lists.
      if (grpcStatusOf(thrown) === 'INVALID_ARGUMENT') return;
      throw thrown;
    }
  }

  async withIds(workflowIds: readonly string[]): Promise<ListedRun[]> {
    if (workflowIds.length === 0) return [];
    const runs: ListedRun[] = [];
    for await (const page of this.pages(`WorkflowId IN (${workflowIds.map(quoted).join(', ')})`)) runs.push(...page);
    return runs;
  }

  async completedReplays(eventId: string): Promise<number> {
    await this.pace();
    const query = `WorkflowId STARTS_WITH ${quoted(`${eventId}/replay-`)} AND ExecutionStatus = 'Completed'`;
    return (await this.call(() => this.client.workflow.count(query))).count;
  }

  async describe(workflowId: string): Promise<DescribedRun | null> {
    try {
      const run = await this.call(() => this.client.workflow.getHandle(workflowId).describe());
      return {
        ...toListed(run),
        activities: (run.raw.pendingActivities ?? []).map(toPendingActivity),
        taskAttempt: run.raw.pendingWorkflowTask == null ? 0 : (run.raw.pendingWorkflowTask.attempt ?? 1),
        closedMs: run.closeTime?.getTime() ?? null,
        notDone: namesIn(run.memo?.[memoNames.notDone]),
      };
    } catch (thrown) {
      if (thrown instanceof NovaError && thrown.cause instanceof WorkflowNotFoundError) return null;
      throw thrown;
    }
  }

  /** From the first event of the history, which resets and continuations carry on. */
  async chainOf(workflowId: string, runId: string): Promise<string | null> {
    try {
      const { history } = await this.call(() =>
        this.client.workflowService.getWorkflowExecutionHistory({
          namespace: this.client.options.namespace,
          execution: { workflowId, runId },
          maximumPageSize: 1,
        }),
      );
      return history?.events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId ?? null;
    } catch (thrown) {
      if (grpcStatusOf(thrown) === 'NOT_FOUND') return null;
      throw thrown;
    }
  }

  private async *pages(query: string): AsyncIterable<ListedRun[]> {
    for (let isBegun = false; ;) {
      try {
        for await (const page of this.pagesOf(query, this.pageSize)) {
          isBegun = true;
          yield page;
        }
        return;
      } catch (thrown) {
        if (grpcStatusOf(thrown) !== 'DEADLINE_EXCEEDED' || this.pageSize === smallestPage) throw thrown;
        this.pageSize = Math.max(smallestPage, Math.floor(this.pageSize / 4));
        this.pagesInTime = 0;
        // What was yielded must not come twice: the audit tries again as a whole.
        if (isBegun) throw thrown;
      }
    }
  }

  private async *pagesOf(query: string, pageSize: number): AsyncIterable<ListedRun[]> {
    let page: ListedRun[] = [];
    const runs = this.client.workflow.list({ query, pageSize })[Symbol.asyncIterator]();
    for (;;) {
      // The iterator asks the server when a page is used up.
      if (page.length === 0) await this.pace();
      const next = await this.call(() => runs.next());
      if (next.done === true) break;
      page.push(toListed(next.value));
      if (page.length === pageSize) {
        this.grow();
        yield page;
        page = [];
      }
    }
    if (page.length > 0) yield page;
  }

  private grow(): void {
    if (++this.pagesInTime % pagesToGrow === 0) this.pageSize = Math.min(largestPage, this.pageSize * 2);
  }

  private async pace(): Promise<void> {
    const now = Date.now();
    const turn = Math.max(now, this.nextListMs);
    this.nextListMs = turn + 1_000 / this.options.listsPerSecond;
    if (turn > now) await sleep(turn - now);
  }

  private async call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.client.withDeadline(Date.now() + this.options.deadlineMs, work);
    } catch (thrown) {
      throw temporalFailure(thrown);
    }
  }
}

type Listable = Pick<
  WorkflowExecutionInfo,
  'workflowId' | 'runId' | 'type' | 'status' | 'startTime' | 'searchAttributes' | 'memo'
>;

function toListed(run: Listable): ListedRun {
  const priority = run.searchAttributes[priorityAttribute]?.[0];
  return {
    workflowId: run.workflowId,
    runId: run.runId,
    workflowType: run.type,
    startedFor: startedFor(run.memo),
    status: run.status.name,
    startedMs: run.startTime.getTime(),
    priority: typeof priority === 'string' ? priority : undefined,
  };
}

function namesIn(memo: unknown): string[] {
  return Array.isArray(memo) ? memo.filter((name) => typeof name === 'string') : [];
}

function at(ms: number): string {
  return `'${new Date(ms).toISOString()}'`;
}

/** Ids come from outside: a quote in one must not end the text. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
