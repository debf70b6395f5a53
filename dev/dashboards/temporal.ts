import { type Board, quantiles } from './board';

const tasks = (kind: string): string => `temporal_${kind}_schedule_to_start_latency_seconds`;

/** Temporal as our runs and workers see it. */
export const temporal: Board = {
  name: 'temporal',
  title: 'Nova · Temporal',
  description: 'Runs that stand still, task queues without workers, slots, pollers and the calls of the workers.',
  rows: [
    {
      title: 'Runs',
      panels: [
        {
          title: 'Runs that stand still',
          description: 'Their workflow task fails again and again: they do nothing. By type and fault.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [
            {
              expr: 'max by (workflow_type, fault) (nova_runs_standing_still)',
              legend: '{{workflow_type}} {{fault}}',
            },
          ],
        },
        {
          title: 'Runs in which an activity throws',
          description: 'Its code throws, again and again, what no failure code names: its effect is not done.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [{ expr: 'max by (activity) (nova_runs_with_throwing_activity)', legend: '{{activity}}' }],
        },
        {
          title: 'Failing workflow tasks per second',
          description: 'By reason. NonDeterminismError: the history was written by other code.',
          ...{ unit: 'perSecond', kind: 'lines', runbook: 'runs-stand-still' },
          queries: [
            {
              expr: 'sum by (failure_reason) (rate(temporal_workflow_task_execution_failed_total[$__rate_interval]))',
              legend: '{{failure_reason}}',
            },
          ],
        },
        {
          title: 'Runs completed per second',
          description: 'By workflow type.',
          ...{ unit: 'perSecond', kind: 'lines', runbook: 'runs-stand-still' },
          queries: [
            {
              expr: 'sum by (workflow_type) (rate(temporal_workflow_completed_total[$__rate_interval]))',
              legend: '{{workflow_type}}',
            },
          ],
        },
        {
          title: 'Runs failed per second',
          description: 'An effect was not done; the audit lists them, and `FailureCode` finds them in the Web UI.',
          ...{ unit: 'perSecond', kind: 'lines', runbook: 'runs-by-the-code-of-their-failure' },
          queries: [
            {
              expr: 'sum by (workflow_type) (rate(temporal_workflow_failed_total[$__rate_interval]))',
              legend: '{{workflow_type}}',
            },
          ],
        },
        {
          title: 'From start to end of a run',
          description: '95 of 100, by type. Runs that wait for something take as long as that is away.',
          ...{ unit: 'seconds', kind: 'lines', runbook: 'one-event-is-stuck' },
          queries: [quantiles('temporal_workflow_endtoend_latency_seconds', 'workflow_type')],
        },
      ],
    },
    {
      title: 'Task queues',
      panels: [
        {
          title: 'Queues without workers',
          description: '1: no worker takes the tasks of this kind, or all slots are busy.',
          ...{ unit: 'yesOrNo', kind: 'table' },
          queries: [{ expr: 'max by (task_queue, kind) (nova_task_queue_unserved)' }],
        },
        {
          title: 'Worker processes of a queue',
          description: 'Which have said within 15 seconds that they live.',
          ...{ unit: 'count', kind: 'lines', runbook: 'a-queue-without-workers' },
          queries: [{ expr: 'max by (task_queue) (nova_task_queue_workers)', legend: '{{task_queue}}' }],
        },
        {
          title: 'Tasks that wait',
          description: 'For a worker, about, by queue and kind.',
          ...{ unit: 'count', kind: 'lines', runbook: 'a-queue-without-workers' },
          queries: [
            { expr: 'max by (task_queue, kind) (nova_task_queue_waiting_tasks)', legend: '{{task_queue}} {{kind}}' },
          ],
        },
        {
          title: 'The first of them waits for',
          description: 'Above a minute an alarm rings.',
          ...{ unit: 'seconds', kind: 'lines' },
          queries: [
            {
              expr: 'max by (task_queue, kind) (nova_task_queue_oldest_waiting_seconds)',
              legend: '{{task_queue}} {{kind}}',
            },
          ],
        },
        {
          title: 'Workflow tasks: from scheduled to started',
          description: '95 of 100, by queue. It grows when workers are too few.',
          ...{ unit: 'seconds', kind: 'lines', runbook: 'a-queue-without-workers' },
          queries: [quantiles(tasks('workflow_task'), 'task_queue')],
        },
        {
          title: 'Activities: from scheduled to started',
          description: '95 of 100, by queue. Short effects are tried as local activities first and do not show here.',
          ...{ unit: 'seconds', kind: 'lines', runbook: 'a-queue-without-workers' },
          queries: [quantiles(tasks('activity'), 'task_queue')],
        },
      ],
    },
    {
      title: 'Workers',
      panels: [
        {
          title: 'Pollers',
          description: 'By queue and type. 0 for minutes: the worker does not reach Temporal.',
          ...{ unit: 'count', kind: 'lines', runbook: 'a-queue-without-workers' },
          queries: [
            {
              expr: 'sum by (task_queue, poller_type) (temporal_num_pollers)',
              legend: '{{task_queue}} {{poller_type}}',
            },
          ],
        },
        {
          title: 'Free slots',
          description: 'Activities and workflow tasks that could begin now. 0: all are busy, and tasks wait.',
          ...{ unit: 'count', kind: 'lines', runbook: 'a-queue-without-workers' },
          queries: [
            {
              expr: 'sum by (task_queue, worker_type) (temporal_worker_task_slots_available)',
              legend: '{{task_queue}} {{worker_type}}',
            },
          ],
        },
        {
          title: 'Slots in use',
          description: 'By queue and type.',
          ...{ unit: 'count', kind: 'lines', runbook: 'a-queue-without-workers' },
          queries: [
            {
              expr: 'sum by (task_queue, worker_type) (temporal_worker_task_slots_used)',
              legend: '{{task_queue}} {{worker_type}}',
            },
          ],
        },
        {
          title: 'Runs kept in memory',
          description: 'A run that is not there is replayed from its history when it goes on.',
          ...{ unit: 'count', kind: 'lines', runbook: 'a-queue-without-workers' },
          queries: [{ expr: 'sum by (task_queue) (temporal_sticky_cache_size)', legend: '{{task_queue}}' }],
        },
        {
          title: 'Local activities per second',
          description: 'The first try of each effect, inside the worker.',
          ...{ unit: 'perSecond', kind: 'lines', runbook: 'effects-are-late' },
          queries: [
            {
              expr: 'sum by (activity_type) (rate(temporal_local_activity_execution_latency_seconds_count[$__rate_interval]))',
              legend: '{{activity_type}}',
            },
          ],
        },
        {
          title: 'Local activities that failed per second',
          description: 'The effect goes on as a regular activity: its server is away or slow.',
          ...{ unit: 'perSecond', kind: 'lines', runbook: 'effects-are-late' },
          queries: [
            {
              expr: 'sum by (activity_type) (rate(temporal_local_activity_execution_failed_total[$__rate_interval]))',
              legend: '{{activity_type}}',
            },
          ],
        },
        {
          title: 'Failed attempts of activities per second',
          description: 'Tried again without limit unless the code says that no try can help.',
          ...{ unit: 'perSecond', kind: 'lines', runbook: 'effects-are-late' },
          queries: [
            {
              expr: 'sum by (activity_type) (rate(temporal_activity_execution_failed_total[$__rate_interval]))',
              legend: '{{activity_type}}',
            },
          ],
        },
        {
          title: 'Calls of Temporal',
          description: '95 of 100, by operation. Slow: its database is.',
          ...{ unit: 'seconds', kind: 'lines', runbook: 'a-dependency-is-down' },
          queries: [quantiles('temporal_request_latency_seconds', 'operation')],
        },
      ],
    },
  ],
};
