/** Series as promtool writes them: a value for each half minute, `0+10x20` for one that grows. */
type Series = Readonly<Record<string, string>>;

/** What an alert is shown. */
export interface AlertCase {
  /** After so long it fires; default: `for` of the rule, and a minute. */
  readonly atMinutes?: number;
  readonly fires: Series;
  /** As near to it as can be without firing. */
  readonly quiet: Series;
}

/** The same value for a day and a half. */
const always = (value: number | string): string => `${value}x3000`;
const both = (series: string, bad: number | string, good: number | string): AlertCase => ({
  fires: { [series]: always(bad) },
  quiet: { [series]: always(good) },
});
/** Something that was 0 and grows in the eleventh minute, and is looked at then. */
const grows = (series: string): AlertCase => ({
  atMinutes: 12,
  fires: { [series]: '3x20 4x200' },
  quiet: { [series]: '4x20 4x200' },
});

const effects = (le: string, within: number, all: number, priority = 'critical', effect = 'feed'): Series => ({
  [`nova_commit_to_effect_seconds_bucket{part="first",effect="${effect}",priority="${priority}",le="${le}"}`]: `0+${within}x3000`,
  [`nova_commit_to_effect_seconds_count{part="first",effect="${effect}",priority="${priority}"}`]: `0+${all}x3000`,
});
const sent = (state: string, perHalfMinute: number): Series => ({
  [`nova_deliveries_total{channel="email",state="${state}",reason=""}`]: `0+${perHalfMinute}x3000`,
});

const pendingOf = (priority: string, rows: number): Series => ({
  [`nova_outbox_pending_rows{outbox="main",priority="${priority}",instance="a"}`]: always(rows),
});

/** Of each alert: what must ring it and what must not. */
export const alertCases: Readonly<Record<string, AlertCase>> = {
  NovaCriticalRowsWait: both('nova_outbox_oldest_pending_seconds{priority="critical",outbox="main"}', 11, 10),
  NovaRowsWait: {
    fires: { 'nova_outbox_oldest_pending_seconds{priority="low",outbox="main"}': always(301) },
    quiet: {
      'nova_outbox_oldest_pending_seconds{priority="low",outbox="main"}': always(300),
      'nova_outbox_oldest_pending_seconds{priority="critical",outbox="main"}': always(301),
    },
  },
  NovaAggregateHot: {
    fires: {
      'nova_outbox_hottest_aggregate_rows{outbox="main",instance="a"}': always(501),
      'nova_outbox_hottest_aggregate_rows{outbox="main",instance="b"}': always(501),
      ...pendingOf('normal', 1_001),
      // The same, seen by another bridge.
      'nova_outbox_pending_rows{outbox="main",priority="normal",instance="b"}': always(1_001),
    },
    quiet: {
      // Half of what waits is of others: a backlog. And a small one.
      'nova_outbox_hottest_aggregate_rows{outbox="main",instance="a"}': always(600),
      ...pendingOf('normal', 700),
      ...pendingOf('low', 500),
      'nova_outbox_hottest_aggregate_rows{outbox="content"}': always(500),
      'nova_outbox_pending_rows{outbox="content",priority="normal"}': always(500),
    },
  },
  NovaNoBridge: { fires: { nova_feeds_written_total: always(1) }, quiet: { nova_bridge_start_window: always(4) } },
  NovaNoWorker: {
    fires: { nova_bridge_start_window: always(4) },
    quiet: { 'nova_feeds_written_total{change="added"}': always(0) },
  },
  NovaProcessDown: {
    fires: { 'up{job="nova-bridge",instance="a"}': always(0), 'up{job="nova-bridge",instance="b"}': always(1) },
    quiet: { 'up{job="nova-bridge",instance="a"}': always(1), 'up{job="other",instance="c"}': always(0) },
  },
  NovaBridgeOutage: both('nova_bridge_outage{code="TEMPORAL_UNAVAILABLE",outbox="main"}', 1, 0),
  NovaFuseBlown: both('nova_bridge_fuse_blown{outbox="main"}', 1, 0),
  NovaClaimsFruitless: both('nova_bridge_fruitless_claims{outbox="main"}', 3, 2),
  NovaTypesPaused: both('nova_bridge_paused_types{outbox="main"}', 1, 0),
  NovaDeadLetters: grows('nova_outbox_dead_lettered_rows{outbox="main"}'),
  NovaAggregatesHeld: both('nova_outbox_held_aggregates{outbox="main"}', 1, 0),
  NovaLeasesLost: both('nova_bridge_leases_lost_total{outbox="main"}', '0+1', 7),
  NovaDeadHeads: both('nova_outbox_dead_heads{outbox="main"}', 100_001, 100_000),
  NovaTaskQueueUnserved: both('nova_task_queue_unserved{task_queue="nova-media",kind="workflow"}', 1, 0),
  NovaTasksWait: both('nova_task_queue_oldest_waiting_seconds{task_queue="nova-media",kind="activity"}', 61, 60),
  NovaRunsStandStill: both('nova_runs_standing_still{workflow_type="emitWorkflow",fault="code"}', 1, 0),
  NovaActivitiesThrow: both('nova_runs_with_throwing_activity{activity="feedFollow"}', 1, 0),
  NovaEventsNotOnKafka: both('nova_outbox_oldest_unemitted_seconds{outbox="main"}', 121, 120),
  NovaDeliveriesWait: both('nova_deliveries_oldest_waiting_seconds{channel="email"}', 301, 300),
  NovaDeliveriesUnknown: both('nova_deliveries_unknown{channel="email"}', 1, 0),
  NovaDeliveriesRefused: {
    atMinutes: 40,
    fires: { ...sent('failed', 2), ...sent('sent', 10) },
    quiet: { ...sent('failed', 1), ...sent('sent', 10) },
  },
  KafkaConsumerLagHigh: both('nova_consumer_group_lag{group="search",topic="nova.content.events"}', 1_001, 1_000),
  KafkaConsumerGroupAbandoned: {
    fires: {
      'nova_consumer_group_members{group="search"}': always(0),
      'nova_consumer_group_lag{group="search",topic="nova.content.events"}': always(1),
    },
    quiet: {
      // Nothing to read; and a consumer reads.
      'nova_consumer_group_members{group="search"}': always(0),
      'nova_consumer_group_lag{group="search",topic="nova.content.events"}': always(0),
      'nova_consumer_group_members{group="mail"}': always(1),
      'nova_consumer_group_lag{group="mail",topic="nova.content.events"}': always(500),
    },
  },
  NovaEffectsLateFast: {
    atMinutes: 70,
    // 15 of 100, and 14: more than 14.4 times the one in a hundred that may be late.
    fires: effects('0.1', 85, 100),
    quiet: { ...effects('0.1', 86, 100), ...effects('1', 0, 100, 'high', 'email') },
  },
  NovaEffectsLateSlow: {
    atMinutes: 400,
    fires: effects('60', 93, 100, 'low'),
    quiet: effects('60', 94.5, 100, 'low'),
  },
  NovaDependencyDown: {
    fires: { 'nova_dependency_up{dependency="redis",outbox="",instance="a"}': always(0) },
    quiet: {
      'nova_dependency_up{dependency="redis",outbox="",instance="a"}': always(0),
      'nova_dependency_up{dependency="redis",outbox="",instance="b"}': always(1),
    },
  },
  NovaDependencyDownForSome: {
    fires: {
      'nova_dependency_up{dependency="redis",outbox="",instance="a"}': always(0),
      'nova_dependency_up{dependency="redis",outbox="",instance="b"}': always(1),
    },
    quiet: { 'nova_dependency_up{dependency="redis",outbox="",instance="a"}': always(0) },
  },
  NovaWorkerRefusesOutbox: both('nova_worker_outbox_refused{outbox="content"}', 1, 0),
  NovaRedisMayEvict: both('nova_feed_store_evicting', 1, 0),
  // From 0: a bridge was started, or the first worker saw the first Redis.
  NovaRedisLostData: { ...grows('nova_feed_store_epoch'), quiet: { nova_feed_store_epoch: '0x20 4x200' } },
  NovaRedisRepairSlow: both('nova_feed_store_unrepaired', 1, 0),
  NovaRedisNotWatched: both('nova_feed_store_silent_seconds', 121, 120),
  NovaAuditUnexplained: both('nova_audit_unexplained{kind="stuck",outbox="main"}', 1, 0),
  NovaRunsFailed: both('nova_audit_failed_runs{outbox="main"}', 1, 0),
  NovaFindingsWaitForPerson: both('nova_audit_waits_for_person{kind="open_paused",outbox="main"}', 1, 0),
  NovaRunsForgottenSoon: both('nova_audit_forgotten_soon_runs{outbox="main"}', 1, 0),
  NovaAuditStopped: both('nova_audit_age_seconds', 901, 900),
  NovaPartitionsRunOut: both('nova_outbox_partition_days_ahead{outbox="main"}', 6, 7),
  NovaHousekeepingStopped: both('nova_housekeeping_age_seconds{outbox="main"}', 10_801, 10_800),
  NovaStateHousekeepingStopped: both('nova_state_housekeeping_age_seconds', 10_801, 10_800),
  NovaOutboxSilentToHousekeeping: both('nova_state_housekeeping_silent_outboxes', 1, 0),
};
