import { type Board } from './board';

/** What waits for a person. */
export const operators: Board = {
  name: 'operators',
  title: 'Nova · what waits for a person',
  description: 'Dead letters, pauses, findings of the audit, runs to be replayed. All zero: nothing is to be done.',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Dead letters',
          description: 'Rows that were given up: `npx nova dead-letters` lists them with the reason.',
          ...{ unit: 'count', kind: 'number', redFrom: 1 },
          queries: [{ expr: 'sum(max by (outbox) (nova_outbox_dead_lettered_rows))' }],
        },
        {
          title: 'Aggregates held back',
          description: 'What follows a dead letter waits: `npx nova release-hold`, or requeue the dead letter.',
          ...{ unit: 'count', kind: 'number', redFrom: 1 },
          queries: [{ expr: 'sum(max by (outbox) (nova_outbox_held_aggregates))' }],
        },
        {
          title: 'Paused types',
          description: '`npx nova status` names each, why, and by whom.',
          ...{ unit: 'count', kind: 'number', redFrom: 1 },
          queries: [{ expr: 'sum(max by (outbox) (nova_bridge_paused_types))' }],
        },
        {
          title: 'Findings that nothing explains',
          description: 'Of the audit: rows, runs and Kafka disagree. Must be 0.',
          ...{ unit: 'count', kind: 'number', redFrom: 1 },
          queries: [{ expr: 'sum(max by (kind, outbox) (nova_audit_unexplained)) or vector(0)' }],
        },
        {
          title: 'Runs that wait for a replay',
          description: 'They ended badly: `npx nova replays plan` finds them by cause.',
          ...{ unit: 'count', kind: 'number', redFrom: 1 },
          queries: [{ expr: 'sum(max by (outbox) (nova_audit_failed_runs))' }],
        },
        {
          title: 'Deliveries of unknown outcome',
          description: '`npx nova deliveries list` has them; settle them or send them again.',
          ...{ unit: 'count', kind: 'number', redFrom: 1 },
          queries: [{ expr: 'sum(max by (channel) (nova_deliveries_unknown))' }],
        },
      ],
    },
    {
      title: 'Rows',
      panels: [
        {
          title: 'Dead letters by outbox',
          description: 'A step upwards is an alarm: more rows were given up.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [{ expr: 'max by (outbox) (nova_outbox_dead_lettered_rows)', legend: '{{outbox}}' }],
        },
        {
          title: 'Starts that failed, by code',
          description: 'Each is tried again, or is a dead letter, as the code says (docs/failures.md).',
          ...{ unit: 'perSecond', kind: 'lines', runbook: 'dead-letters' },
          queries: [
            {
              expr: 'sum by (result) (rate(nova_bridge_starts_total{result!="started"}[$__rate_interval]))',
              legend: '{{result}}',
            },
          ],
        },
        {
          title: 'Paused types by outbox',
          description: 'Held back because the deployment would fail them, or by a person.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [{ expr: 'max by (outbox) (nova_bridge_paused_types)', legend: '{{outbox}}' }],
        },
        {
          title: 'Outboxes that workers refuse',
          description: '1: its database does not reply, or is of another deployment; its events wait.',
          ...{ unit: 'yesOrNo', kind: 'lines' },
          queries: [{ expr: 'max by (outbox) (nova_worker_outbox_refused)', legend: '{{outbox}}' }],
        },
      ],
    },
    {
      title: 'Audit and replays',
      panels: [
        {
          title: 'Findings by kind',
          description: 'Open, and not explained.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [{ expr: 'max by (kind, outbox) (nova_audit_unexplained)', legend: '{{kind}} {{outbox}}' }],
        },
        {
          title: 'Findings that nothing ends by itself',
          description: 'They wait for a person, by kind.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [{ expr: 'max by (kind, outbox) (nova_audit_waits_for_person)', legend: '{{kind}} {{outbox}}' }],
        },
        {
          title: 'Runs that ended badly',
          description: 'And those of them that Temporal forgets within a day.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [
            { expr: 'max by (outbox) (nova_audit_failed_runs)', legend: '{{outbox}} wait for a replay' },
            { expr: 'max by (outbox) (nova_audit_forgotten_soon_runs)', legend: '{{outbox}} forgotten soon' },
          ],
        },
        {
          title: 'Since the last audit',
          description: 'It runs every 5 minutes; from 15 on an alarm rings.',
          ...{ unit: 'seconds', kind: 'lines' },
          queries: [{ expr: 'max(nova_audit_age_seconds)', legend: 'age' }],
        },
        {
          title: 'Steps of plans of replays per second',
          description: 'While a plan is worked off; `npx nova replays show` has its bar.',
          ...{ unit: 'perSecond', kind: 'lines', runbook: 'many-runs-that-ended-badly' },
          queries: [
            {
              expr: 'sum(rate(temporal_activity_execution_latency_seconds_count{activity_type="replayStep"}[$__rate_interval])) or vector(0)',
              legend: 'steps',
            },
          ],
        },
        {
          title: 'Outboxes that do not reply to the housekeeping of State',
          description: 'What belongs to events is kept until they do.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [{ expr: 'max(nova_state_housekeeping_silent_outboxes)', legend: 'silent outboxes' }],
        },
      ],
    },
  ],
};
