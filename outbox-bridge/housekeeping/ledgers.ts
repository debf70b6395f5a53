/** A table whose rows are worth nothing once their event is gone for good. */
export interface Ledger {
  readonly table: string;
  /** When the row was written, or later; an index on it makes the search cheap. */
  readonly age: string;
  /** Which rows may go at all; `t` is the row. */
  readonly unless?: string;
  /** The same the other way round, where it is the condition of an index: only these may go. */
  readonly only?: string;
  /** The outbox rows `o` that a row `t` belongs to: while one is left, the row stays. */
  readonly event: string;
}

const ofEvent = 'o.id = t.event_id';

/**
 * What expires. Not here, because it is state and not a ledger: what people see in their inboxes, who owns what, every upload,
 * links, profiles, and tombstones of posts, messages and users (they void events that come later, for ever).
 */
export const ledgers: readonly Ledger[] = [
  // A delivery that is not over keeps its event's partition; this is the second guard.
  { table: 'notification_deliveries', age: 'created_at', unless: `t.state IN ('pending', 'claimed')`, event: ofEvent },
  // Only what no inbox lists: switched off for this kind, or taken back.
  { table: 'notifications', age: 'created_at', unless: 't.in_app AND t.retracted_at IS NULL', event: ofEvent },
  { table: 'wanted_media', age: 'wanted_at', event: ofEvent },
  { table: 'unnamed_claims', age: 'posted_at', event: ofEvent },
  {
    // Voids what came before it in its target's order: nothing, when no such row is left.
    table: 'tombstones',
    age: 'created_at',
    only: `t.subject_type IN ('reaction', 'follow') AND NOT t.final AND t.sequence IS NOT NULL`,
    event: `o.aggregate_id = substring(t.subject_id, '^[0-9a-fA-F-]{36}(?=:)')::uuid AND o.sequence <= t.sequence`,
  },
  // A signalled delete whose event never came: it holds nothing any more, and the audit has named it for a month.
  { table: 'tombstones', age: 'held_until', only: 't.held_until IS NOT NULL AND t.sequence IS NULL', event: 'false' },
  // The window of a limit: an hour.
  { table: 'send_allowances', age: 'window_began', event: 'false' },
];
