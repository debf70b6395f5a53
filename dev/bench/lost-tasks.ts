/** As Temporal's server counts them: a task was given to a worker, which brought nothing back until the task's timeout. */
const counter =
  /^(?:\w+_)?start_to_close_timeout(?:_total)?\{[^}]*operation="TimerActiveTaskWorkflowTaskTimeout"[^}]*\} (\S+)/gm;

/** Workflow tasks that were lost since the server's start; 0 without the address of its metrics. */
export async function lostTasks(metricsUrl: string | undefined): Promise<number> {
  if (metricsUrl === undefined) return 0;
  const text = await (await fetch(metricsUrl)).text();
  return [...text.matchAll(counter)].reduce((sum, [, value]) => sum + Number(value), 0);
}
