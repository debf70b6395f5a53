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
  {
    pattern: /^SELECT reason, count\(\*\) AS count, \(array_agg\(id ORDER BY sequence\)\)\[1:3\]/,
    reason:
      'An audit says of all that waits past its budget why it waits. No history is read; bench:claim has its time.',
  },
  {
    pattern: /^SELECT o\.\*, 0::bigint AS ahead FROM generate_series\(0, 3\)/,
    only: 'without statistics',
    reason: 'An audit looks for what waits without a reason: among all that waits, in the order of the claim.',
  },
  {
    pattern:
      /^SELECT priority, count\(\*\) AS rows, coalesce\(extract\(epoch FROM clock_timestamp\(\) - min\(created_at\)\)/,
    reason: '`npx nova status` counts all that waits, when a person asks.',
  },
  {
    pattern: /^WITH unpublished AS \( SELECT tableoid AS oid, count\(\*\) AS rows/,
    reason:
      '`npx nova status` counts, per partition, what is left to do; without statistics it reads the partitions for that.',
  },
  {
    pattern:
      /^SELECT \(SELECT count\(\*\) FROM nova\.outbox_events WHERE dead_lettered_at IS NOT NULL\) AS dead_lettered/,
    only: 'without statistics',
    reason: '`npx nova status` counts dead letters, when a person asks.',
  },
  {
    pattern: /^SELECT count\(\*\) AS count, \(array_agg\(id ORDER BY dead_lettered_at DESC\)\)\[1:3\]/,
    only: 'without statistics',
    reason: 'An audit counts dead letters exactly; without statistics the planner takes every row for one.',
  },
  {
    pattern:
      /^SELECT id, event_type AS "eventType" FROM nova\.outbox_events WHERE event_type = \$1 AND published_at IS NULL/,
    reason: '`npx nova give-up --type` looks for a misspelt type among all that waits: no index is worth that.',
  },
  {
    pattern: /^UPDATE nova\.outbox_events SET dead_lettered_at = clock_timestamp\(\), last_error = \$2 WHERE id IN/,
    only: 'without statistics',
    reason: '`npx nova give-up`: without statistics the planner reads what waits, and not by id.',
  },
  {
    pattern:
      /^SELECT o\.id AS "eventId".*(o\.published_at IS NOT NULL AND \(o\.published_at, o\.id\) >|= ANY \(\$6::uuid\[\]\))/,
    only: 'without statistics',
    reason: 'An audit, a page or some ids at a time: without statistics it reads what waits, and no history.',
  },
  {
    pattern: /^WITH newcomer AS MATERIALIZED \( SELECT p\.priority, max\(p\.sequence\) AS sequence/,
    only: 'without statistics',
    reason: 'An audit asks what has overtaken a row: without statistics it reads what waits, and no history.',
  },
  {
    pattern: /^SELECT lane\.priority, \(SELECT count\(\*\) FROM \(SELECT FROM nova\.outbox_events o/,
    only: 'without statistics',
    reason:
      'The gauges of a bridge: without statistics the planner sorts the rows of a lane that wait and does not read them in order. ' +
      'The server ends it after 4 s.',
  },
];
