/** Statements that may read as many rows as there are, each with its reason. */
export const allowed: readonly {
  readonly pattern: RegExp;
  readonly reason: string;
  /** Only in this part of the test; absent: in both. */
  readonly only?: 'without statistics';
}[] = [
  {
    pattern: /^SELECT EXISTS \( SELECT FROM (nova\.)?outbox_events WHERE emitted_at IS NULL/,
    reason:
      'Whether the creation of a message or comment is still to come: reads what waits for Kafka, which is no history, and ' +
      'is asked once per try of a notice whose owner is not known. An index for it would be written with every event.',
  },
  {
    pattern: /^WITH (gone AS \(DELETE FROM|chosen AS MATERIALIZED \( SELECT id FROM \( SELECT n\.id)/,
    only: 'without statistics',
    reason:
      'The erasure of a user, a batch of posts at a time: without statistics the planner takes lists of ids for long ones. ' +
      'Rare, not in anyone’s way, and over when the table is analyzed.',
  },
];
