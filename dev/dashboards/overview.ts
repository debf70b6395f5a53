import { type Board, quantiles } from './board';

/** Whether all goes well, from the commit to what people see. */
export const overview: Board = {
  name: 'overview',
  title: 'Nova · overview',
  description:
    'From the commit of an event to what people see and to Kafka: what waits, how fast it goes, what is away.',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Rows that wait for their start',
          description: 'Counted up to 10,000 of each priority of each outbox.',
          ...{ unit: 'count', kind: 'number', redFrom: 10_000, runbook: 'rows-are-not-started' },
          queries: [{ expr: 'sum(max by (outbox, priority) (nova_outbox_pending_rows))' }],
        },
        {
          title: 'The first of them waits for',
          description: 'Red from 5 minutes on, which is an alarm; a Critical row must not wait for 10 seconds.',
          ...{ unit: 'seconds', kind: 'number', redFrom: 300 },
          queries: [{ expr: 'max(nova_outbox_oldest_pending_seconds)' }],
        },
        {
          title: 'Oldest event not on Kafka',
          description: 'Started, and not emitted: it grows while Kafka or its workers are away. Red from 2 minutes on.',
          ...{ unit: 'seconds', kind: 'number', redFrom: 120 },
          queries: [{ expr: 'max(nova_outbox_oldest_unemitted_seconds)' }],
        },
        {
          title: 'Oldest delivery not made',
          description: 'Of any channel; red from 5 minutes on.',
          ...{ unit: 'seconds', kind: 'number', redFrom: 300 },
          queries: [{ expr: 'max(nova_deliveries_oldest_waiting_seconds)' }],
        },
        {
          title: 'Servers that do not reply',
          description: 'Databases, Temporal, Kafka, Redis and mail servers that no process of ours has a reply from.',
          ...{ unit: 'count', kind: 'number', redFrom: 1 },
          queries: [{ expr: 'count(max by (dependency, outbox) (nova_dependency_up) == 0) or vector(0)' }],
        },
        {
          title: 'Alarms that ring',
          description: 'All alerts of monitoring/alerts that fire now; the table below names them.',
          ...{ unit: 'count', kind: 'number', redFrom: 1, runbook: 'alarms' },
          queries: [{ expr: 'count(ALERTS{alertstate="firing"}) or vector(0)' }],
        },
      ],
    },
    {
      title: 'Flow',
      panels: [
        {
          title: 'Starts per second, by type',
          description: 'Workflows that Temporal has accepted.',
          ...{ unit: 'perSecond', kind: 'lines', runbook: 'a-bridge-starts-nothing' },
          queries: [
            {
              expr: 'sum by (event_type) (rate(nova_bridge_starts_total{result="started"}[$__rate_interval]))',
              legend: '{{event_type}}',
            },
          ],
        },
        {
          title: 'Rows that wait, by priority',
          description: 'A backlog that grows: bridges are behind, or something is away or paused.',
          ...{ unit: 'count', kind: 'lines', runbook: 'rows-are-not-started' },
          queries: [
            {
              expr: 'sum by (priority) (max by (outbox, priority) (nova_outbox_pending_rows))',
              legend: '{{priority}}',
            },
          ],
        },
        {
          title: 'From commit to start',
          description: 'Until Temporal has accepted the start, 95 of 100, by priority.',
          ...{ unit: 'seconds', kind: 'lines', runbook: 'rows-are-not-started' },
          queries: [quantiles('nova_bridge_commit_to_start_seconds', 'priority')],
        },
        {
          title: 'From commit to the first effect',
          description:
            'Until a person sees something of it, 95 of 100. Budgets: Critical 0.1 s, High 1 s, Normal 5 s, Low 60 s.',
          ...{ unit: 'seconds', kind: 'lines' },
          queries: [quantiles('nova_commit_to_effect_seconds', 'priority', 'part="first", effect!="email"')],
        },
        {
          title: 'First effects later than the budget of their priority',
          description: 'Of those of the last 5 minutes. One in a hundred may be late.',
          ...{ unit: 'share', kind: 'lines' },
          queries: [{ expr: 'nova:first_effects_late:ratio_rate5m', legend: '{{priority}}' }],
        },
        {
          title: 'Effects per second',
          description: 'What workers have done, by effect.',
          ...{ unit: 'perSecond', kind: 'lines' },
          queries: [
            {
              expr: 'sum by (effect) (rate(nova_commit_to_effect_seconds_count{part="first"}[$__rate_interval]))',
              legend: '{{effect}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Servers and processes',
      panels: [
        {
          title: 'Servers that reply',
          description:
            '1 while a bridge or worker has a reply, 0 while none has. Empty outbox: State, or what all share.',
          ...{ unit: 'yesOrNo', kind: 'table' },
          queries: [{ expr: 'max by (dependency, outbox) (nova_dependency_up)' }],
        },
        {
          title: 'Alarms',
          description: 'What fires or is about to. The runbook has a section for each.',
          ...{ unit: 'count', kind: 'table', runbook: 'alarms' },
          queries: [{ expr: 'sum by (alertname, severity, alertstate, outbox) (ALERTS)' }],
        },
        {
          title: 'Processes that reply to Prometheus',
          description: 'Bridges and workers; each worker has a second page, of the Temporal SDK.',
          ...{ unit: 'count', kind: 'lines', runbook: 'a-bridge-or-worker-was-killed' },
          queries: [{ expr: 'sum by (job) (up{job=~"nova-.*"})', legend: '{{job}}' }],
        },
        {
          title: 'Versions',
          description: 'How many processes run each build. Two at once: a roll-out is under way.',
          ...{ unit: 'count', kind: 'table', runbook: 'roll-out-and-rollback' },
          queries: [{ expr: 'count by (version, commit, node) (nova_build_info)' }],
        },
      ],
    },
  ],
};
