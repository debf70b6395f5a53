/** What a ledger row names of an outbox: its event, or (as SQL) all events of an aggregate up to a sequence. */
type Belonging = 'event' | { readonly aggregate: string; readonly upTo: string };

/** A table whose rows have no use once their event is gone for good. */
export interface Ledger {
  readonly table: string;
  /** When the row was written, or later; an index on it makes the search cheap. */
  readonly age: string;
  /** Which rows may go at all; `t` is the row. */
  readonly unless?: string;
  /** The same the other way round, where it is the condition of an index: only these may go. */
  readonly only?: string;
  /** The outbox rows that a row `t` belongs to: while one of any outbox is left, the row stays. Left out: it goes by its age. */
  readonly belongsTo?: Belonging;
  /** The setting that says for how many days it stays; never less than the retention. Default: the retention. */
  readonly keep?: keyof KeepDays;
}

/** Days for which state stays that nothing needs any more, by what it is. 0: without end. */
export interface KeepDays {
  readonly readNotifications: number;
  readonly tombstones: number;
  readonly operatorActs: number;
}

const belongsTo = 'event';

/** In State, and in each outbox that has a database of its own. */
export const operatorActs = { table: 'operator_acts', age: 'at', keep: 'operatorActs' } as const satisfies Ledger;

/**
 * What expires. The rule of every table, or the reason why it has none, is in docs/growth.md; a test compares the two.
 */
export const ledgers: readonly Ledger[] = [
  // A delivery that is not over keeps its event's partition; this is the second guard.
  { table: 'notification_deliveries', age: 'created_at', unless: `t.state IN ('pending', 'claimed')`, belongsTo },
  // Only what no inbox lists: switched off for this kind, or taken back.
  { table: 'notifications', age: 'created_at', only: 'NOT (t.in_app AND t.retracted_at IS NULL)', belongsTo },
  // What its person has read so long ago that no inbox page reaches it.
  {
    table: 'notifications',
    age: 'read_at',
    only: 't.in_app AND t.retracted_at IS NULL',
    belongsTo,
    keep: 'readNotifications',
  },
  // No post claimed it within its window, and none can any more: its event is gone.
  { table: 'parked_media', age: 'parked_at', only: `t.state = 'unclaimed'`, belongsTo },
  { table: 'wanted_media', age: 'wanted_at', belongsTo },
  { table: 'unnamed_claims', age: 'posted_at', belongsTo },
  {
    // Voids what came before it in the order of its target. Of no use when no such row is left.
    table: 'tombstones',
    age: 'created_at',
    only: `t.subject_type IN ('reaction', 'follow') AND NOT t.final AND t.sequence IS NOT NULL`,
    belongsTo: { aggregate: `substring(t.subject_id, '^[0-9a-fA-F-]{36}(?=:)')::uuid`, upTo: 't.sequence' },
  },
  // A signalled delete whose event never came: it holds nothing any more, and the audit has named it for a month.
  { table: 'tombstones', age: 'held_until', only: 't.held_until IS NOT NULL AND t.sequence IS NULL' },
  // A deletion for good voids what comes later; after years nothing does. What was deleted stays so in its own table. A
  // deleted person's stays without end: it is what hides them.
  {
    table: 'tombstones',
    age: 'created_at',
    only: `t.subject_type IN ('post', 'message', 'comment') AND t.final AND t.held_until IS NULL`,
    keep: 'tombstones',
  },
  // Keeps older events that come too late from undoing it. Of no use when no older event is left.
  {
    table: 'follow_changes',
    age: 'changed_at',
    belongsTo: { aggregate: 't.follower_id', upTo: 't.sequence' },
  },
  // What was replayed is over, or its events are gone. Its items go with it.
  { table: 'replay_plans', age: 'requested_at' },
  // The window of a limit: an hour.
  { table: 'send_allowances', age: 'window_began' },
  operatorActs,
];
