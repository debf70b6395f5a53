import { type WorkerOptions } from '@temporalio/worker';
import { limits } from '../contracts/time-budgets';

/**
 * The SDK ends workflow code that computes for longer, and at that moment Node.js may abort the whole process ("async hook stack
 * has become corrupted", nodejs/node#38503), with all other work in it. The next worker takes the same task, and ends too.
 *
 * The SDK's five seconds are soon over: 1,600 signals in one workflow task take 1 s of CPU on an idle machine, and took 14 s
 * beside twenty other busy processes. Without this limit only a loop without end would stay unnoticed, and none is known.
 *
 * Not in the SDK's types, which call it "not exposed at the moment"; a test looks whether the SDK still takes it.
 */
export const computeLimit = { isolateExecutionTimeout: limits.computeMs } as Partial<WorkerOptions>;
