import { type Pool } from 'pg';
import { queueNames, taskQueue } from '../contracts/workflow-types';
import { readStartWaits, startWaitMs } from '../runtime/start-waits';
import { type StartPaces } from './start-paces';

/** While nothing is started, milliseconds. */
const idleMs = 1_000;

/** One look at what workers say; returns the milliseconds until the next. */
export async function lookAtStartWaits(
  state: Pool,
  { paces, config }: { readonly paces: StartPaces; readonly config: { readonly taskQueuePrefix: string } },
): Promise<number> {
  const said = await readStartWaits(state);
  const waits = queueNames.flatMap((queue) => {
    const ms = said.get(taskQueue(config.taskQueuePrefix, queue));
    return ms === undefined ? [] : [[queue, { ms }] as const];
  });
  paces.observe(new Map(waits));
  return paces.startedWithin(2 * idleMs) ? startWaitMs : idleMs;
}
