import { type Board, quantiles } from './board';

/** What workers do for people: feeds, notices, deliveries. */
export const effects: Board = {
  name: 'effects',
  title: 'Nova · effects and deliveries',
  description: 'What people see of an event: how soon, in how many feeds, on which channel, and what is not delivered.',
  rows: [
    {
      title: 'Effects',
      panels: [
        {
          title: 'From commit to the first effect, by effect',
          description: 'Until a person sees something of it, 95 of 100.',
          ...{ unit: 'seconds', kind: 'lines' },
          queries: [quantiles('nova_commit_to_effect_seconds', 'effect', 'part="first"')],
        },
        {
          title: 'From commit to the last effect, by effect',
          description: 'Until nothing of it is left to be done, 95 of 100: a large fan-out, or deliveries that waited.',
          ...{ unit: 'seconds', kind: 'lines' },
          queries: [quantiles('nova_commit_to_effect_seconds', 'effect', 'part="last"')],
        },
        {
          title: 'From commit to the first effect, by priority',
          description: 'Half of them, and 99 of 100. E-mail is left out: its time is the mail server’s.',
          ...{ unit: 'seconds', kind: 'lines' },
          queries: ['0.5', '0.99'].map((quantile) =>
            quantiles('nova_commit_to_effect_seconds', 'priority', 'part="first", effect!="email"', quantile),
          ),
        },
        {
          title: 'Later than the budget of their priority',
          description: 'Share of the first effects, over 5 minutes and an hour. One in a hundred may be late.',
          ...{ unit: 'share', kind: 'lines' },
          queries: [
            { expr: 'nova:first_effects_late:ratio_rate5m', legend: '{{priority}} 5 min' },
            { expr: 'nova:first_effects_late:ratio_rate1h', legend: '{{priority}} 1 h' },
          ],
        },
      ],
    },
    {
      title: 'Feeds',
      panels: [
        {
          title: 'Feeds written per second',
          description: 'By fan-out, and taken out by retractions; again when it is done again.',
          ...{ unit: 'perSecond', kind: 'lines' },
          queries: [
            { expr: 'sum by (change) (rate(nova_feeds_written_total[$__rate_interval]))', legend: '{{change}}' },
          ],
        },
        {
          title: 'Redis',
          description:
            'Losses so far (the epoch), whether the repair of the last one goes on, and whether Redis may drop keys.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [
            { expr: 'max(nova_feed_store_epoch)', legend: 'losses' },
            { expr: 'max(nova_feed_store_unrepaired)', legend: 'repair goes on' },
            { expr: 'max(nova_feed_store_evicting)', legend: 'may evict' },
          ],
        },
        {
          title: 'Since a worker last looked at Redis',
          description: 'A loss is not noticed meanwhile. From 2 minutes on an alarm rings.',
          ...{ unit: 'seconds', kind: 'lines' },
          queries: [{ expr: 'max(nova_feed_store_silent_seconds)', legend: 'silent' }],
        },
      ],
    },
    {
      title: 'Deliveries',
      panels: [
        {
          title: 'Deliveries per second, by channel and state',
          description: 'What came of each try. pending: surely not sent, tried again. unknown: it waits for a person.',
          ...{ unit: 'perSecond', kind: 'lines' },
          queries: [
            {
              expr: 'sum by (channel, state) (rate(nova_deliveries_total[$__rate_interval]))',
              legend: '{{channel}} {{state}}',
            },
          ],
        },
        {
          title: 'Not sent, by reason',
          description: 'In the last hour: failed, skipped, unknown or tried again, with the code of why.',
          ...{ unit: 'count', kind: 'table' },
          queries: [
            { expr: 'sum by (channel, state, reason) (increase(nova_deliveries_total{state!="sent"}[1h])) > 0' },
          ],
        },
        {
          title: 'Sent, of all that came to an end',
          description: 'Per channel. What is skipped, because a person does not want it, does not count.',
          ...{ unit: 'share', kind: 'lines' },
          queries: [
            {
              expr: 'sum by (channel) (rate(nova_deliveries_total{state="sent"}[$__rate_interval])) / sum by (channel) (rate(nova_deliveries_total{state=~"sent|failed|unknown"}[$__rate_interval]))',
              legend: '{{channel}}',
            },
          ],
        },
        {
          title: 'Deliveries that wait',
          description: 'Not made yet; of in_app the events with such deliveries.',
          ...{ unit: 'count', kind: 'lines', runbook: 'a-dependency-is-down' },
          queries: [{ expr: 'max by (channel) (nova_deliveries_waiting)', legend: '{{channel}}' }],
        },
        {
          title: 'The first of them waits for',
          description:
            'It grows while the provider of the channel does not take them. From 5 minutes on an alarm rings.',
          ...{ unit: 'seconds', kind: 'lines' },
          queries: [{ expr: 'max by (channel) (nova_deliveries_oldest_waiting_seconds)', legend: '{{channel}}' }],
        },
        {
          title: 'Deliveries of unknown outcome',
          description: 'Sent or not, no one knows: a person settles them or sends them again.',
          ...{ unit: 'count', kind: 'lines' },
          queries: [{ expr: 'max by (channel) (nova_deliveries_unknown)', legend: '{{channel}}' }],
        },
      ],
    },
  ],
};
