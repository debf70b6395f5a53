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
  {
    pattern: /^SELECT array_agg\(w\.aggregate_id\), array_agg\(w\.floor\) FROM/,
    reason:
      'The hourly repair of heads compares all rows that wait with all heads: that is its purpose, and no history is read.',
  },
  {
    pattern: /^DELETE FROM (nova\.)?outbox_writer_locks WHERE aggregate_id IN/,
    reason:
      'Housekeeping of one row per aggregate that wrote lately, a thousand at a time. Open: an index on made_at would let a ' +
      'batch that finds nothing end at once, and would be written with every new aggregate.',
  },
  {
    pattern: /^SELECT DISTINCT follower_id AS id FROM (nova\.)?follows/,
    only: 'without statistics',
    reason:
      'The repair of feeds walks all followers anyway, in pages; each page is a scan until the table is analyzed.',
  },
  {
    pattern: /^WITH chosen AS MATERIALIZED \( SELECT n\.id FROM (nova\.)?content_owners o CROSS JOIN LATERAL/,
    only: 'without statistics',
    reason:
      'Open: a retraction reads the index of all notices about posts when the planner knows nothing of the table.',
  },
];
