import { type Role } from './roles';

/** All columns, these only, or all but these: the last also holds for columns that a later migration adds. */
export type Columns = true | { readonly only: readonly string[] } | { readonly except: readonly string[] };

export interface Grant {
  readonly select?: Columns;
  readonly insert?: Columns;
  readonly update?: Columns;
  readonly delete?: true;
}

export type Rights = Partial<Readonly<Record<Role, Grant>>>;

const read: Grant = { select: true };
const write: Grant = { select: true, insert: true, update: true };
const writeAndDelete: Grant = { ...write, delete: true };
const readAndDelete: Grant = { select: true, delete: true };
/** For people and dashboards that look. */
const shown: Rights = { operator: read, reader: read };

/** What a writer may say of its event. The rest is bookkeeping. */
const writersColumns = [
  ...['id', 'aggregate_id', 'event_type', 'payload'],
  // An import gives the event the time when it happened; a date without a partition is refused.
  'created_at',
  // What publish() sets; the trigger fills what is left out.
  ...['aggregate_type', 'priority', 'schema_version', 'traceparent'],
] as const;

/** Once written these never change, so that no process but the writer can alter an event. */
const fixedColumns = [...writersColumns, 'sequence'];

/** The outbox itself; its partitions are tables of their own. */
export const outboxTable = 'outbox_events';

/**
 * The rights on every table, view and sequence of the schema: what the statements of each process need, and no more. The
 * owner has all of them. A relation that is not here is the owner's alone, and a test fails until it is decided.
 */
export const relationRights: Readonly<Record<string, Rights>> = {
  [outboxTable]: {
    // SELECT on id: `INSERT … RETURNING id` needs it. Nothing else of other writers' events can be read.
    publisher: { insert: { only: writersColumns }, select: { only: ['id'] } },
    // emitted_at: of an event that was written twice, whose first row is what goes to Kafka.
    bridge: { select: true, update: { except: fixedColumns } },
    workers: { select: true, update: { only: ['emitted_at', 'dead_lettered_at', 'last_error'] } },
    operator: {
      select: { except: ['payload'] },
      update: {
        only: [
          'dead_lettered_at',
          'retry_count',
          'next_attempt_at',
          'unfinished_claims',
          'first_attempt_at',
          'last_error',
        ],
      },
    },
    reader: { select: { except: ['payload'] } },
  },
  // Named by the statement that deletes the finished rows of the past one by one; FOR UPDATE needs some UPDATE.
  outbox_events_past: { bridge: { ...readAndDelete, update: { only: ['lease_until'] } } },
  // Kept by the triggers, that is by the owner, and by the claim.
  outbox_heads: { ...shown, bridge: writeAndDelete, workers: read },
  // Locked by the trigger and the claim; housekeeping deletes old ones.
  outbox_writer_locks: { bridge: writeAndDelete },
  // Written by nova_signal_deleted; a bridge brings them to State.
  outbox_signals: { ...shown, bridge: { ...readAndDelete, update: { only: ['copied_at'] } } },
  // A person pauses event types; bridges obey.
  outbox_pauses: { reader: read, operator: writeAndDelete, bridge: read },
  outbox_holds: { ...shown, bridge: read, workers: read },
  // What nova_publish checks an event by: the catalogue, which is no secret. The audit asks it what a move holds back.
  outbox_event_types: { ...shown, publisher: read, bridge: read, workers: read },
  // Written by the functions of a move. Effects ask where the earlier events of an aggregate are.
  outbox_moves: { ...shown, bridge: read, workers: read },
  outbox_switches: {},
  outbox_sequence: {},
  // The days that are gone: what the expiry of ledgers looks at. Only the owner of the table takes a day out.
  outbox_partition_drops: { ...shown, bridge: read },
  outbox_partitions: { ...shown, bridge: read },
  bridge_instances: { ...shown, bridge: writeAndDelete, workers: read },
  chores: { ...shown, bridge: write },
  deployment: { ...shown, bridge: read, workers: read },
  // What people have done: they add to it and change nothing, nor say when it was or by which login. The audit asks what was discarded.
  operator_acts: {
    reader: read,
    operator: { select: true, insert: { except: ['id', 'at', 'login'] } },
    workers: { select: { only: ['command', 'ids'] } },
    bridge: readAndDelete,
  },
  operator_acts_id_seq: {},

  // How far each outbox is: bridges say it, notices wait by it.
  outbox_progress: { ...shown, bridge: { select: true, insert: true, delete: true }, workers: read },
  // Workers say that they live; bridges show it.
  worker_processes: { ...shown, workers: writeAndDelete, bridge: read },
  // Workers say what starts wait; bridges start no more than is begun.
  start_waits: { ...shown, workers: writeAndDelete, bridge: read },
  tombstones: { ...shown, workers: write, bridge: readAndDelete },
  // By events, or by the service that owns follows: its login gets that right by hand (docs/runbook.md).
  follows: { ...shown, workers: { select: true, insert: true, delete: true } },
  follow_changes: { ...shown, workers: write, bridge: readAndDelete },
  post_states: {
    workers: write,
    operator: { select: { except: ['summary'] } },
    reader: { select: { except: ['summary'] } },
  },
  pull_authors: { ...shown, workers: write },
  feed_stores: { ...shown, workers: write, bridge: read },

  parked_media: { ...shown, workers: write, bridge: readAndDelete },
  wanted_media: { ...shown, workers: { select: true, insert: true }, bridge: readAndDelete },
  unnamed_claims: { ...shown, workers: { select: true, insert: true, delete: true }, bridge: readAndDelete },
  post_media: { ...shown, workers: { select: true, insert: true, delete: true } },

  notifications: { ...shown, workers: write, bridge: readAndDelete },
  notifications_id_seq: {},
  // A run that ended leaves deliveries behind: housekeeping ends them, and a replay opens them again.
  notification_deliveries: {
    workers: write,
    bridge: { ...readAndDelete, update: { only: ['state', 'reason'] } },
    operator: { select: true, update: { only: ['state', 'reason'] } },
    reader: read,
  },
  // A settings page writes them: its login gets that right by hand.
  notification_preferences: { ...shown, workers: write },
  // A person pauses a channel; workers obey.
  delivery_pauses: { reader: read, operator: writeAndDelete, workers: read },
  notification_kinds: { ...shown, workers: read },
  nova_inbox: shown,
  content_owners: { ...shown, workers: write },
  send_allowances: { ...shown, workers: write, bridge: readAndDelete },
  user_profiles: {
    workers: write,
    operator: { select: { only: ['user_id', 'state', 'sequence', 'updated_at'] } },
    reader: { select: { only: ['user_id', 'state', 'sequence', 'updated_at'] } },
  },

  audit_runs: { ...shown, workers: writeAndDelete, operator: writeAndDelete, bridge: read },
  audit_runs_place_seq: {},
  audit_outboxes: { ...shown, workers: write, operator: write },
  audit_findings: { ...shown, workers: writeAndDelete, operator: writeAndDelete, bridge: read },
  event_replays: { ...shown, operator: write, workers: write, bridge: readAndDelete },
  // An operator freezes what is to be replayed; the workflow that works it off says what came of it.
  replay_plans: { ...shown, operator: write, workers: read, bridge: readAndDelete },
  replay_items: {
    ...shown,
    operator: write,
    workers: { select: true, update: { only: ['state', 'attempted_at', 'new_run', 'remark'] } },
  },

  nova_migrations: shown,
  nova_functions: shown,
  nova_migrations_id_seq: {},
};

/** Who may call each function of the schema, by name. No other role: what PUBLIC has by default is taken away. */
export const functionRights: Readonly<Record<string, readonly Role[]>> = {
  // Called by the trigger, that is by the owner. A trigger function needs no right to fire.
  outbox_before_insert: [],
  outbox_after_update: [],
  outbox_after_delete: [],
  outbox_after_truncate: [],
  outbox_claim: ['bridge'],
  outbox_refresh_heads: ['bridge'],
  outbox_make_writer_locks: ['bridge'],
  outbox_repair_heads: ['bridge', 'operator'],
  outbox_release_hold: ['operator'],
  // The desk for dead letters: what no role but the owner may do otherwise.
  outbox_write_act: [],
  outbox_read_dead_letter: ['desk'],
  outbox_amend_dead_letter: ['desk'],
  outbox_discard_dead_letters: ['desk'],
  // Kafka has lost what it acknowledged.
  outbox_emit_again: ['operator'],
  outbox_mark_moves: [],
  // A person moves domains; bridges carry the move to its end.
  outbox_expect: ['operator'],
  outbox_hand_over: ['operator'],
  outbox_note_switch: ['operator'],
  outbox_accept: ['operator'],
  outbox_cancel_move: ['operator'],
  outbox_open: ['bridge', 'operator'],
  outbox_let_go: ['bridge', 'operator'],
  outbox_payload_bytes: ['bridge', 'workers', 'publisher'],
  outbox_unemitted: ['workers'],
  outbox_ensure_partitions: ['bridge'],
  outbox_days_ahead: ['bridge', 'operator', 'reader'],
  outbox_widen_past: [],
  post_is_voided: ['workers', 'operator'],
  tombstone_of_signal: [],
  tombstone_hold: ['bridge'],
  signal_holds: [],
  // A person signals what a service would have.
  nova_signal_deleted: ['publisher', 'operator'],
  tombstone_holds: ['workers', 'operator'],
  newer_fields: ['workers'],
  nova_event_state: ['publisher', 'operator', 'reader'],
  nova_publish: ['publisher'],
  nova_publish_many: ['publisher'],
  // What these two call.
  nova_checked_event: ['publisher'],
  nova_id_of: ['publisher'],
  nova_payload_fault: ['publisher'],
  nova_value_fault: ['publisher'],
  nova_meant: ['publisher'],
  nova_misspelt_fields: ['publisher'],
  nova_near_misses: ['publisher'],
  nova_edit_distance: ['publisher'],
  nova_refuse: ['publisher', 'workers'],
  nova_preferences: ['workers', 'operator', 'reader'],
  // A settings page and an inbox: their logins get the right by hand (docs/sql.md).
  nova_set_preference: ['workers'],
  nova_mark_read: ['workers'],
  nova_delete_notice: ['workers'],
  nova_apply_follow: ['workers'],
  newest_follow_event: [],
  follow_ended_by_hand: [],
  follow_begun_by_hand: [],
};
