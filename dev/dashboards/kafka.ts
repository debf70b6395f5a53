import { type Board, quantiles } from './board';

/** What is sent to Kafka, and how far its readers are. */
export const kafka: Board = {
  name: 'kafka',
  title: 'Nova · Kafka and subscribers',
  description: 'Events on their way to Kafka, and how far the groups that read them are behind.',
  rows: [
    {
      title: 'To Kafka',
      panels: [
        {
          title: 'Started, not on Kafka yet',
          description: 'As seen in up to 10,000 rows that are not on Kafka.',
          ...{ unit: 'count', kind: 'lines', runbook: 'events-are-not-on-kafka' },
          queries: [{ expr: 'max by (outbox) (nova_outbox_unemitted_rows)', legend: '{{outbox}}' }],
        },
        {
          title: 'Age of the oldest of them',
          description: 'From 2 minutes on an alarm rings.',
          ...{ unit: 'seconds', kind: 'lines' },
          queries: [{ expr: 'max by (outbox) (nova_outbox_oldest_unemitted_seconds)', legend: '{{outbox}}' }],
        },
        {
          title: 'Events emitted per second',
          description: 'Acknowledged by Kafka.',
          ...{ unit: 'perSecond', kind: 'lines' },
          queries: [
            {
              expr: 'sum(rate(nova_commit_to_effect_seconds_count{effect="kafka", part="first"}[$__rate_interval]))',
              legend: 'emitted',
            },
          ],
        },
        {
          title: 'From commit to Kafka',
          description: '95 of 100, by priority.',
          ...{ unit: 'seconds', kind: 'lines' },
          queries: [quantiles('nova_commit_to_effect_seconds', 'priority', 'effect="kafka", part="first"')],
        },
        {
          title: 'Kafka replies',
          description: '1 while it replies to a worker.',
          ...{ unit: 'yesOrNo', kind: 'lines' },
          queries: [{ expr: 'max by (dependency) (nova_dependency_up{dependency="kafka"})', legend: '{{dependency}}' }],
        },
      ],
    },
    {
      title: 'Subscribers',
      panels: [
        {
          title: 'Events that a group has not read',
          description:
            'By group and topic, of the groups that KAFKA_LAG_GROUPS names. Above 1,000 for 5 minutes an alarm rings.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [{ expr: 'max by (group, topic) (nova_consumer_group_lag)', legend: '{{group}} {{topic}}' }],
        },
        {
          title: 'Consumers of a group',
          description: '0: no one reads for it.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [{ expr: 'max by (group) (nova_consumer_group_members)', legend: '{{group}}' }],
        },
        {
          title: 'How fast a group catches up',
          description: 'Above 0 its lag grows, below 0 it shrinks: events per second over 5 minutes.',
          ...{ unit: 'perSecond', kind: 'table' },
          queries: [{ expr: 'deriv(sum by (group) (max by (group, topic) (nova_consumer_group_lag))[5m:15s])' }],
        },
      ],
    },
  ],
};
