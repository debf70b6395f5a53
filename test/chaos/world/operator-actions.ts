import { type Client } from '@temporalio/client';
import { until } from '../../../dev/stack/until';
import { toError } from '../../../runtime/errors';

/** What an operator does to open workflows in the Web UI. */
export type OperatorAction = 'terminate' | 'cancel' | 'reset' | 'pause-activity';

/** Most open workflows that an action takes at once. */
const atOnce = 4;
const callMs = 5_000;
/** How long something open is looked for. */
const patienceMs = 10_000;

interface Target {
  readonly workflowId: string;
  readonly runId: string;
}

/** Ends what was begun, as far as that needs the operator; resolves when nothing is left to do. */
type Undo = () => Promise<void>;

/** What the operator needs to make up for an action. */
export interface OperatorTools {
  readonly client: Client;
  /** Visibility query of the run's workflows. */
  readonly query: string;
  /** `nova replay` of these events. @throws when one of them could not be replayed */
  readonly replay: (eventIds: readonly string[]) => Promise<void>;
  /** Writes a line into the operator's log. */
  readonly note: (text: string) => void;
  /** Calls again and again until it succeeds: another fault may be going on. */
  readonly persist: (what: string, work: () => Promise<void>) => Promise<void>;
}

/**
 * Acts on some open workflows of the run, whatever they are doing. The function that is returned makes up for it with the
 * product's own commands: what was terminated or cancelled is replayed, what was paused goes on.
 */
export async function actAsOperator(action: OperatorAction, tools: OperatorTools): Promise<Undo> {
  const { client, query, persist, replay } = tools;
  const acted: Target[] = [];
  const inDoubt: Target[] = [];
  const actOnSome = async (): Promise<boolean> => {
    for (const target of await openWorkflows(client, query).catch(() => [])) {
      // It may have ended a moment ago, or the server may be away: an operator sees an error and goes on.
      const outcome = await act(action, client, target).catch(() => 'unknown' as const);
      if (outcome === true) acted.push(target);
      // The reply was lost, perhaps, and not the request: it may need to be made up for as well.
      if (outcome === 'unknown') inDoubt.push(target);
    }
    return acted.length > 0;
  };
  // What is listed as open may all have ended: an action on nothing would be no fault.
  await until(actOnSome, { timeoutMs: patienceMs, everyMs: 200 });
  tools.note(
    `${action}: ${named(acted) || 'nothing was open'}${inDoubt.length > 0 ? `; in doubt: ${named(inDoubt)}` : ''}`,
  );
  switch (action) {
    case 'terminate':
    case 'cancel':
      return () =>
        persist(`replay after ${action}`, async () => {
          const ended = await endedBadly(client, [...acted, ...inDoubt]);
          if (ended.length > 0) await replay(ended);
        });
    case 'pause-activity':
      return () => persist('unpause', () => unpauseAll(client, [...acted, ...inDoubt]));
    case 'reset':
      return async () => undefined;
  }
}

const named = (targets: readonly Target[]): string => targets.map(({ workflowId }) => workflowId).join(', ');

async function openWorkflows(client: Client, query: string): Promise<Target[]> {
  return client.withDeadline(Date.now() + callMs, async () => {
    const found: Target[] = [];
    for await (const { workflowId, runId } of client.workflow.list({
      query: `${query} AND ExecutionStatus = "Running"`,
      pageSize: atOnce,
    })) {
      found.push({ workflowId, runId });
      if (found.length >= atOnce) break;
    }
    return found;
  });
}

async function act(action: OperatorAction, client: Client, { workflowId, runId }: Target): Promise<boolean> {
  const handle = client.workflow.getHandle(workflowId, runId);
  const execution = { workflowId, runId };
  const { namespace } = client.options;
  return client.withDeadline(Date.now() + callMs, async () => {
    switch (action) {
      case 'terminate':
        await handle.terminate('chaos');
        return true;
      case 'cancel':
        await handle.cancel();
        return true;
      case 'reset': {
        const eventId = await firstCompletedTask(client, { workflowId, runId });
        if (eventId === undefined) return false;
        await client.workflowService.resetWorkflowExecution({
          namespace,
          workflowExecution: execution,
          workflowTaskFinishEventId: eventId,
          requestId: `chaos-${runId}`,
          reason: 'chaos',
        });
        return true;
      }
      case 'pause-activity': {
        const paused = await pendingActivities(client, { workflowId, runId });
        for (const id of paused)
          await client.workflowService.pauseActivity({ namespace, execution, id, identity: 'chaos', reason: 'chaos' });
        return paused.length > 0;
      }
    }
  });
}

async function firstCompletedTask(client: Client, { workflowId, runId }: Target): Promise<Long | undefined> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
  });
  return history?.events?.find((event) => event.workflowTaskCompletedEventAttributes)?.eventId ?? undefined;
}
type Long = NonNullable<
  Parameters<Client['workflowService']['resetWorkflowExecution']>[0]['workflowTaskFinishEventId']
>;

async function pendingActivities(client: Client, { workflowId, runId }: Target): Promise<string[]> {
  const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
  return (raw.pendingActivities ?? []).flatMap(({ activityId }) => (activityId ? [activityId] : []));
}

async function unpauseAll(client: Client, acted: readonly Target[]): Promise<void> {
  for (const { workflowId, runId } of acted) {
    const execution = { workflowId, runId };
    for (const id of await pendingActivities(client, { workflowId, runId })) {
      await client.workflowService
        .unpauseActivity({ namespace: client.options.namespace, execution, id, identity: 'chaos' })
        // It ended in between.
        .catch((thrown: unknown) => {
          if (!/not found|already completed|not running/i.test(toError(thrown).message)) throw thrown;
        });
    }
  }
}

/** Ids of the events whose run ended other than well and has no better one. Waits while a run that was cancelled is open. */
async function endedBadly(client: Client, acted: readonly Target[]): Promise<string[]> {
  const ids: string[] = [];
  for (const { workflowId } of acted) {
    const [eventId = ''] = workflowId.split('/');
    const { status } = await client.workflow.getHandle(workflowId).describe();
    if (status.name === 'RUNNING') throw new Error(`${workflowId} has not ended yet`);
    if (status.name !== 'COMPLETED') ids.push(eventId);
  }
  return [...new Set(ids)];
}
