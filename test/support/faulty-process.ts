import { openSync, writeSync, closeSync } from 'node:fs';
import { setImmediate as breath, setTimeout as pause } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { type FaultPoint, armFaultPoints } from '../../runtime/fault-points';
import { type FaultOrder, type FaultyReport, orderVariable } from './faulty-orders';

/** Makes this process obey fault orders: the one in its environment, and those its parent sends. Call before all else. */
export function obeyFaultOrders(): void {
  const orders = new Set<FaultOrder>();
  const first = process.env[orderVariable];
  if (first !== undefined) orders.add(JSON.parse(first) as FaultOrder);
  process.on('message', (order: FaultOrder) => {
    orders.add(order);
    const report: FaultyReport = { armed: order.hitFile };
    process.send?.(report);
  });
  // No process is to outlive the test that started it; and the line to the test must not keep a process from ending.
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref();
  armFaultPoints((point) => {
    for (const order of orders) {
      if (order.point !== point || !isMeant(order)) continue;
      orders.delete(order);
      if (isFirst(order)) return strike(point, order);
    }
    return undefined;
  });
}

function isMeant({ workflowIds, regularOnly }: FaultOrder): boolean {
  if (workflowIds === undefined && regularOnly !== true) return true;
  const info = activityInfo();
  if (info === undefined) return false;
  if (regularOnly === true && info.isLocal) return false;
  return workflowIds?.includes(info.workflowExecution?.workflowId ?? '') ?? true;
}

function activityInfo(): Context['info'] | undefined {
  try {
    return Context.current().info;
  } catch {
    return undefined;
  }
}

/** At once, without waiting for anything: the instant is what matters. */
function isFirst({ hitFile }: FaultOrder): boolean {
  try {
    const file = openSync(hitFile, 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch {
    return false;
  }
}

async function strike(point: FaultPoint, order: FaultOrder): Promise<void> {
  switch (order.mode) {
    case 'SIGKILL':
      // What was handed to a socket in this turn is to reach it.
      if (point === 'bridge.mark-sent') for (let i = 0; i < 3; i++) await breath();
      process.kill(process.pid, 'SIGKILL');
      return pause(60_000);
    case 'SIGTERM':
      process.kill(process.pid, 'SIGTERM');
      return;
    case 'exception':
      throw new Error(`fault matrix: thrown at ${point}`);
    case 'hang':
      if (order.freeze === true) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, order.hangMs);
      else await pause(order.hangMs);
  }
}
