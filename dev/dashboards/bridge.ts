import { type Board, quantiles } from './board';

/** From the row to the start, and what the tables of an outbox need. */
export const bridge: Board = {
  name: 'bridge',
  title: 'Nova · outboxes and bridges',
  description: 'From the row to the start of its workflow, outbox by outbox, and the upkeep of the tables.',
  rows: [
    {
      title: 'What waits',
      panels: [
        {
          title: 'Pending rows',
          description: 'Neither started nor given up, counted up to 10,000 of each priority.',
          ...{ unit: 'count', kind: 'lines', runbook: 'rows-are-not-started' },
          queries: [
            { expr: 'max by (outbox, priority) (nova_outbox_pending_rows)', legend: '{{outbox}} {{priority}}' },
          ],
        },
        {
          title: 'Age of the first pending row',
          description: 'Above 5 minutes (Critical: 10 seconds) an alarm rings.',
          ...{ unit: 'seconds', kind: 'lines' },
          queries: [
            {
              expr: 'max by (outbox, priority) (nova_outbox_oldest_pending_seconds)',
              legend: '{{outbox}} {{priority}}',
            },
          ],
        },
        {
          title: 'Pending rows of the hottest aggregate',
          description:
            'Its events start one after another. Above 500, and more than half of all that waits, an alarm rings.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [{ expr: 'max by (outbox) (nova_outbox_hottest_aggregate_rows)', legend: '{{outbox}}' }],
        },
        {
          title: 'Dead letters and what they hold back',
          description: 'Rows that were given up, and aggregates that wait behind one.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [
            { expr: 'max by (outbox) (nova_outbox_dead_lettered_rows)', legend: '{{outbox}} dead letters' },
            { expr: 'max by (outbox) (nova_outbox_held_aggregates)', legend: '{{outbox}} held aggregates' },
          ],
        },
        {
          title: 'Paused types',
          description: 'Event types that are not claimed: the deployment would fail them, or a person holds them back.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [{ expr: 'max by (outbox) (nova_bridge_paused_types)', legend: '{{outbox}}' }],
        },
      ],
    },
    {
      title: 'Starts',
      panels: [
        {
          title: 'Rows claimed per second',
          description: 'Leased by bridges; a row that is given back is claimed again.',
          ...{ unit: 'perSecond', kind: 'lines', runbook: 'a-bridge-starts-nothing' },
          queries: [
            { expr: 'sum by (outbox) (rate(nova_bridge_claimed_rows_total[$__rate_interval]))', legend: '{{outbox}}' },
          ],
        },
        {
          title: 'Starts per second, by result',
          description: '`started`, or the code of the failure.',
          ...{ unit: 'perSecond', kind: 'lines', runbook: 'a-bridge-starts-nothing' },
          queries: [
            {
              expr: 'sum by (outbox, result) (rate(nova_bridge_starts_total[$__rate_interval]))',
              legend: '{{outbox}} {{result}}',
            },
          ],
        },
        {
          title: 'From commit to start',
          description: 'Half of them, and 95 and 99 of 100.',
          ...{ unit: 'seconds', kind: 'lines', runbook: 'rows-are-not-started' },
          queries: ['0.5', '0.95', '0.99'].map((quantile) =>
            quantiles('nova_bridge_commit_to_start_seconds', 'outbox', '', quantile),
          ),
        },
        {
          title: 'Start window',
          description:
            'Most aggregates that may have a start under way, and how many have. It shrinks while Temporal is slow.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [
            { expr: 'sum(nova_bridge_start_window)', legend: 'window' },
            { expr: 'sum by (outbox) (nova_bridge_starts_in_flight)', legend: '{{outbox}} under way' },
          ],
        },
        {
          title: 'What stops a bridge',
          description:
            'Outage of PostgreSQL or Temporal by code, the fuse, and claims that led to no start (stuck from 3 on).',
          ...{ unit: 'count', kind: 'lines' },
          queries: [
            { expr: 'max by (outbox, code) (nova_bridge_outage)', legend: '{{outbox}} {{code}}' },
            { expr: 'max by (outbox) (nova_bridge_fuse_blown)', legend: '{{outbox}} fuse' },
            { expr: 'max by (outbox) (nova_bridge_fruitless_claims)', legend: '{{outbox}} fruitless claims' },
          ],
        },
        {
          title: 'Leases lost per second',
          description: 'Rows whose lease was over when their end was written: bridges hang, or the lease is too short.',
          ...{ unit: 'perSecond', kind: 'lines' },
          queries: [
            { expr: 'sum by (outbox) (rate(nova_bridge_leases_lost_total[$__rate_interval]))', legend: '{{outbox}}' },
          ],
        },
        {
          title: 'Nudged',
          description: '1 while writes are announced, so that the outbox is polled rarely; 0 while it is polled.',
          ...{ unit: 'yesOrNo', kind: 'lines', runbook: 'a-bridge-starts-nothing' },
          queries: [{ expr: 'min by (outbox) (nova_bridge_nudged)', legend: '{{outbox}}' }],
        },
      ],
    },
    {
      title: 'Upkeep',
      panels: [
        {
          title: 'Days of partitions ahead',
          description: 'At 0 inserts fail. 14 are made ahead; below 7 an alarm rings.',
          ...{ unit: 'days', kind: 'lines' },
          queries: [{ expr: 'min by (outbox) (nova_outbox_partition_days_ahead)', legend: '{{outbox}}' }],
        },
        {
          title: 'Partitions past their retention that stay',
          description: 'By why they are kept.',
          ...{ unit: 'count', kind: 'lines', runbook: 'partitions' },
          queries: [{ expr: 'max by (outbox, reason) (nova_outbox_partitions_kept)', legend: '{{outbox}} {{reason}}' }],
        },
        {
          title: 'Since the last housekeeping',
          description: 'It runs every hour; from 3 hours on an alarm rings.',
          ...{ unit: 'seconds', kind: 'lines' },
          queries: [
            { expr: 'max by (outbox) (nova_housekeeping_age_seconds)', legend: '{{outbox}}' },
            { expr: 'max(nova_state_housekeeping_age_seconds)', legend: 'State' },
          ],
        },
        {
          title: 'Dead rows of outbox_heads',
          description: 'Every claim walks them: above 100,000 look for a transaction that stays open.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [{ expr: 'max by (outbox) (nova_outbox_dead_heads)', legend: '{{outbox}}' }],
        },
      ],
    },
    {
      title: 'Processes',
      panels: [
        {
          title: 'CPU of a process',
          description: 'Cores in use, bridges and workers.',
          ...{ unit: 'count', kind: 'lines', runbook: 'claims-get-slower-from-hour-to-hour' },
          queries: [
            {
              expr: 'rate(process_cpu_seconds_total{job=~"nova-.*"}[$__rate_interval])',
              legend: '{{job}} {{instance}}',
            },
          ],
        },
        {
          title: 'Memory of a process',
          description: 'Resident, bridges and workers.',
          ...{ unit: 'bytes', kind: 'lines', runbook: 'a-bridge-or-worker-was-killed' },
          queries: [{ expr: 'process_resident_memory_bytes{job=~"nova-.*"}', legend: '{{job}} {{instance}}' }],
        },
        {
          title: 'Delay of the event loop',
          description: '99 of 100: a process that computes for long lets its leases and heartbeats wait.',
          ...{ unit: 'seconds', kind: 'lines', runbook: 'a-bridge-starts-nothing' },
          queries: [{ expr: 'nodejs_eventloop_lag_p99_seconds{job=~"nova-.*"}', legend: '{{job}} {{instance}}' }],
        },
      ],
    },
  ],
};
