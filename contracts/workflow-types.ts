import { type Effect, type WorkflowType, effectNames, effectOf } from './effects';

export { type WorkflowType } from './effects';

/** One task queue and one worker pool per effect, so that a dead dependency delays only its own. */
export type QueueName = Effect;
export const queueNames = effectNames;

interface TypeOfRun {
  readonly queue: QueueName;
  readonly meaning: string;
  readonly openMinutes: number;
  readonly waitsForPost: boolean;
}

/** The workflow types of all effects (effects.ts), and the task queue each runs on. */
export const workflowTypes = Object.fromEntries(
  effectNames.flatMap((queue) =>
    Object.entries(effectOf(queue).workflows).map(([name, { waitsForPost = false, ...entry }]) => [
      name,
      { queue, waitsForPost, ...entry },
    ]),
  ),
) as Readonly<Record<WorkflowType, TypeOfRun>>;

/** `nova` + `feed` → `nova-feed`. The prefix separates deployments (and test files) that share a namespace. */
export function taskQueue(prefix: string, queue: QueueName): string {
  return `${prefix}-${queue}`;
}

/**
 * The queue of another effect in the same deployment as `current`. Workflow code has no configuration, but it knows its
 * own queue: `nova-feed` and `kafka` → `nova-kafka`.
 */
export function siblingQueue(current: string, queue: QueueName): string {
  return taskQueue(current.slice(0, current.lastIndexOf('-')), queue);
}
