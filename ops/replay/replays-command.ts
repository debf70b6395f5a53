import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { maintenanceQueue, replayRunId } from '../../contracts/maintenance';
import {
  type ReplayOrder,
  type ReplayPause,
  type ReplayReport,
  replayProgressQuery,
  replaySignals,
} from '../../contracts/replay-plan';
import { actOf, doingElsewhere } from '../acts/acts';
import { type Connections } from '../connections';
import { newestPlansOf, planOf, remarksOf } from './replay-plans';
import { planText, plansText, reportLine } from './replays-print';

export async function startPlanCommand(
  connections: Connections,
  name: string,
  { perSecond, json }: { perSecond: string; json?: boolean },
): Promise<void> {
  const workflowId = await startPlan(connections, name, paceFrom(perSecond));
  console.log(
    json === true ? JSON.stringify({ workflowId }) : `started ${workflowId}: npx nova replays show ${name} --watch`,
  );
}

/** Starts the workflow that works a plan off, and returns its id. @throws Error when it runs already, or has nothing to do */
export async function startPlan(connections: Connections, name: string, pace: number): Promise<string> {
  const plan = await planOf(connections.pool, name);
  if (plan === undefined) throw new Error(`there is no plan ${name}: npx nova replays list`);
  // Of those that were started, a later look may know the end.
  if (plan.progress.planned + plan.progress.started === 0)
    throw new Error(`the plan ${name} is worked off: npx nova replays show ${name}`);
  await connections.checkDeployment([]);
  const { taskQueuePrefix } = connections.config;
  const order: ReplayOrder = { plan: name, perSecond: pace };
  const workflowId = replayRunId(taskQueuePrefix, name);
  const { pool, actor } = connections;
  const act = actOf({
    actor,
    command: 'replays start',
    reason: plan.reason,
    planned: plan.progress.planned,
    details: { ...order },
  });
  await doingElsewhere(pool, act, [name], async () => {
    try {
      await connections.workflows.start<(order: ReplayOrder) => Promise<ReplayReport>>('replayWorkflow', {
        workflowId,
        taskQueue: maintenanceQueue(taskQueuePrefix),
        args: [order],
        // What was stopped, or ended with something left, goes on.
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        staticSummary: `replay plan ${name}: ${plan.reason}`,
      });
      return { value: undefined, done: 1 };
    } catch (thrown) {
      if (!(thrown instanceof WorkflowExecutionAlreadyStartedError)) throw thrown;
      throw new Error(`the plan ${name} is being worked off: npx nova replays show ${name}`);
    }
  });
  return workflowId;
}

export function paceFrom(text: string): number {
  const pace = Number(text);
  if (!(pace > 0 && pace <= 1_000)) throw new Error(`--per-second ${text} is no number above 0, up to 1000`);
  return pace;
}

export async function listPlansCommand({ pool }: Connections, { json }: { json?: boolean }): Promise<void> {
  const found = await newestPlansOf(pool, 50);
  console.log(json === true ? JSON.stringify(found) : plansText(found));
}

/** What came of a plan so far; `watch`: until its workflow has ended. */
export async function showPlanCommand(
  connections: Connections,
  name: string,
  { watch, json }: { watch?: boolean; json?: boolean },
): Promise<void> {
  for (;;) {
    const plan = await planOf(connections.pool, name);
    if (plan === undefined) throw new Error(`there is no plan ${name}: npx nova replays list`);
    const report = await reportOf(connections, name);
    if (watch === true && report !== null) {
      const line = reportLine(plan.progress, report);
      process.stdout.write(process.stdout.isTTY ? `\r\u001b[2K${line}` : `${line}\n`);
      await sleep(1_000);
      continue;
    }
    const notWell = await remarksOf(connections.pool, name, 20);
    if (watch === true && process.stdout.isTTY) process.stdout.write('\r\u001b[2K');
    console.log(json === true ? JSON.stringify({ ...plan, report, notWell }) : planText(plan, report, notWell));
    if (plan.progress.failed + plan.progress.refused > 0) process.exitCode = 1;
    return;
  }
}

/** Null: no run of it is open. */
export async function reportOf({ workflows, config }: Connections, name: string): Promise<ReplayReport | null> {
  const handle = workflows.getHandle(replayRunId(config.taskQueuePrefix, name));
  try {
    if ((await handle.describe()).status.name !== 'RUNNING') return null;
    return await handle.query<ReplayReport>(replayProgressQuery);
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return null;
    throw thrown;
  }
}

type PlanSignal = keyof typeof replaySignals;

interface SignalOptions {
  readonly signal: PlanSignal;
  readonly reason?: string;
  /** With the signal `pace` alone: replays in a second. */
  readonly pace?: number;
}

/** Pause, resume, pace or stop. */
export async function signalPlanCommand(
  connections: Connections,
  name: string,
  { json, ...options }: SignalOptions & { json?: boolean },
): Promise<void> {
  const said = await signalPlan(connections, name, options);
  console.log(json === true ? JSON.stringify({ plan: name, done: options.signal }) : `${name}: ${said}`);
}

/** The same; returns what the plan does now, in words. @throws Error when it is not being worked off */
export async function signalPlan(
  connections: Connections,
  name: string,
  { signal, reason, pace }: SignalOptions,
): Promise<string> {
  const { workflows, config, pool, actor } = connections;
  const by: ReplayPause = { by: actor, reason: reason ?? null };
  const args: Record<PlanSignal, readonly unknown[]> = { pause: [by], stop: [by], resume: [], pace: [pace] };
  const details = pace === undefined ? {} : { perSecond: pace };
  const act = actOf({ actor, command: `replays ${signal}`, reason, planned: 1, details });
  await doingElsewhere(pool, act, [name], async () => {
    try {
      const run = workflows.getHandle(replayRunId(config.taskQueuePrefix, name));
      await run.signal(replaySignals[signal], ...args[signal]);
      return { value: undefined, done: 1 };
    } catch (thrown) {
      if (!(thrown instanceof WorkflowNotFoundError)) throw thrown;
      throw new Error(`the plan ${name} is not being worked off: npx nova replays show ${name}`);
    }
  });
  return { pause: 'paused', resume: 'goes on', stop: 'stopped', pace: `${pace} a second` }[signal];
}
