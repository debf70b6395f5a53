import { dead, held, pending, startedUnemitted } from './states.sql';

/** Columns of an AuditRow; times in epoch microseconds, which a JavaScript number holds exactly. */
const columns = `
  o.id AS "eventId", o.sequence, o.event_type AS "eventType", o.priority, ${dead('o.')} AS "deadLettered",
  o.last_error AS "lastError", o.claim_count AS "claimCount",
  (extract(epoch FROM o.created_at) * 1000000)::bigint AS "createdUs",
  (extract(epoch FROM o.published_at) * 1000000)::bigint AS "publishedUs",
  (extract(epoch FROM o.emitted_at) * 1000000)::bigint AS "emittedUs",
  (extract(epoch FROM o.lease_until) * 1000000)::bigint AS "leaseUntilUs"`;

const time = (parameter: string) => `(timestamptz 'epoch' + ${parameter}::double precision * interval '1 microsecond')`;
const ago = (microseconds: string) =>
  `(clock_timestamp() - ${microseconds}::double precision * interval '1 microsecond')`;

export const now = `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS "nowUs"`;

/**
 * No lease and no back-off of a bridge is longer. What ends later was written before the clock was set back, by a bridge that
 * may be dead, and explains nothing.
 */
const longestLeaseMinutes = 15;
const soon = `(clock_timestamp() + interval '${longestLeaseMinutes} min')`;

/** A bridge reports every two seconds. One that seems to have reported in the future did so before the clock was set back. */
export const livingBridges = `
  SELECT state, reason, paused_types AS "pausedTypes" FROM nova.bridge_instances WHERE heartbeat_at > now() - interval '30 s'
    AND heartbeat_at < now() + interval '${longestLeaseMinutes} min'`;

/** $1, $2 the place before; $3 the end; $4 limit */
const byMark = (mark: 'published_at' | 'emitted_at') => `
  SELECT ${columns} FROM nova.outbox_events o
  WHERE (o.${mark}, o.id) > (${time('$1')}, $2::uuid) AND o.${mark} < ${time('$3')} AND o.${mark} IS NOT NULL
  ORDER BY o.${mark}, o.id LIMIT $4`;
export const marked = byMark('published_at');
export const emitted = byMark('emitted_at');

/** $1 ids, $2 least created_at */
export const byIds = `
  SELECT ${columns} FROM nova.outbox_events o WHERE o.id = ANY ($1::uuid[]) AND o.created_at >= ${time('$2')}`;

/** The same, wherever they are. */
export const byIdsAnywhere = `SELECT ${columns} FROM nova.outbox_events o WHERE o.id = ANY ($1::uuid[])`;

/** Which of these ids were dead letters that a person discarded. $1 ids */
export const discarded = `
  SELECT given.id FROM unnest($1::text[]) AS given (id)
  WHERE EXISTS (SELECT FROM nova.operator_acts a WHERE a.ids @> ARRAY[given.id] AND a.command = 'dead-letters discard')`;

/** Whether two rows of one id say the same of the same thing. $1 id, $2 and $3 their sequences */
export const saySame = `
  SELECT one.aggregate_id = other.aggregate_id AND one.payload = other.payload AS same
  FROM nova.outbox_events one JOIN nova.outbox_events other ON other.id = one.id AND other.sequence = $3
  WHERE one.id = $1 AND one.sequence = $2`;

/**
 * $1 budgets by priority, $2 lease margin, $3 claims, $4 paused spellings, $5 is every living bridge in an outage?
 *
 * An error explains only until the next attempt is overdue by the budget: a bridge must have come back by then. A next
 * attempt in the future explains nothing without an error. A head names the first pending row of its aggregate, so one probe by key
 * says whether a row is behind another, however many are pending; a row that no head knows is explained by nothing.
 */
const budget = `($1::double precision[])[o.priority + 1]`;
const reason = `
  CASE WHEN $5 THEN 'outage'
       WHEN o.event_type = ANY ($4::text[]) THEN 'paused'
       -- It has come from another outbox, which has rows of before under way.
       WHEN EXISTS (SELECT FROM nova.outbox_event_types t WHERE t.spelling = o.event_type AND t.moving = 'closed') THEN 'paused'
       WHEN o.lease_until > ${ago('$2')} AND o.lease_until < ${soon} AND o.claim_count < $3 THEN 'leased'
       WHEN o.last_error IS NOT NULL AND o.next_attempt_at > ${ago(budget)} AND o.next_attempt_at < ${soon} THEN 'error'
       WHEN ${held('o.')} THEN 'held'
       WHEN EXISTS (SELECT FROM nova.outbox_heads h
                    WHERE h.aggregate_id = o.aggregate_id AND h.sequence < o.sequence AND h.vacant_since IS NULL) THEN 'behind'
       ELSE 'none' END`;
/** Counted no further than this: more is a backlog. */
const aheadBound = 500;
const ahead = `
  (SELECT count(*) FROM (SELECT FROM nova.outbox_events f WHERE f.priority = o.priority AND f.sequence < o.sequence
     AND ${pending('f.')} ORDER BY f.sequence LIMIT ${aheadBound}) front) AS ahead`;
const pastBudget = `o.created_at < ${ago(budget)} AND (o.lease_until IS NULL OR o.lease_until < ${ago('$2')} OR o.lease_until > ${soon} OR o.claim_count >= $3)`;

/** $6 ids */
export const pendingByIds = `
  SELECT ${columns}, ${reason} AS reason, ${ahead} FROM nova.outbox_events o WHERE o.id = ANY ($6::uuid[]) AND ${pending('o.')}`;

export const pendingCounts = `
  SELECT reason, count(*) AS count, (array_agg(id ORDER BY sequence))[1:3]::text[] AS examples
  FROM (SELECT o.id, o.sequence, ${reason} AS reason FROM nova.outbox_events o
        WHERE ${pending('o.')} AND o.created_at < ${ago(budget)}) late
  GROUP BY reason`;

/** $6 rows of each priority, in the order in which the claim takes them */
export const unexplainedPending = `
  SELECT o.*, 0::bigint AS ahead FROM generate_series(0, 3) AS lane(priority)
  CROSS JOIN LATERAL (
    SELECT ${columns}, 'none' AS reason FROM nova.outbox_events o
    WHERE o.priority = lane.priority AND ${pending('o.')} AND ${pastBudget} AND (${reason}) = 'none'
    ORDER BY o.sequence LIMIT $6) o`;

/** $1 since. Not by EXISTS, which knows no order: without statistics it reads the whole history when nothing was started. */
export const startedSince = `
  SELECT (SELECT true FROM nova.outbox_events WHERE published_at > ${time('$1')} ORDER BY published_at LIMIT 1) IS NOT NULL AS started`;

/**
 * $1 ids, $2 since. A row that was started right behind its head (a series, see outbox_claim) overtakes nothing, since
 * its head did not.
 */
export const passedBy = `
  WITH newcomer AS MATERIALIZED (
    SELECT p.priority, max(p.sequence) AS sequence FROM nova.outbox_events p
    WHERE p.published_at > ${time('$2')}
      AND NOT EXISTS (SELECT FROM nova.outbox_events head WHERE head.aggregate_id = p.aggregate_id AND head.sequence < p.sequence
                        AND head.published_at > ${time('$2')} - interval '30 s')
    GROUP BY p.priority)
  SELECT o.id FROM nova.outbox_events o JOIN newcomer n ON n.priority = o.priority AND n.sequence > o.sequence
  WHERE o.id = ANY ($1::uuid[]) AND ${pending('o.')}`;

/** $1, $2 the place before; $3 the end; $4 limit. The rows still to be emitted are few, and have an index of their own. */
export const unemitted = `
  SELECT ${columns} FROM nova.outbox_events o
  WHERE ${startedUnemitted('o.')}
    AND (o.published_at, o.id) > (${time('$1')}, $2::uuid) AND o.published_at < ${time('$3')}
  ORDER BY o.published_at, o.id LIMIT $4`;

export const deadLetters = `
  SELECT count(*) AS count, (array_agg(id ORDER BY dead_lettered_at DESC))[1:3]::text[] AS examples
  FROM nova.outbox_events WHERE ${dead()}`;

/**
 * How far the events of aggregates are. $1 aggregates, $2 what was started within so many milliseconds is recent. Both ends: an
 * aggregate may have a million events (the reactions to a post), and those of feeds are at the ends.
 */
export const progressOfAggregates = `
  SELECT DISTINCT e.id AS "eventId",
    CASE WHEN ${dead('e.')} THEN 'dead' WHEN e.published_at IS NULL THEN 'pending'
         WHEN e.published_at > clock_timestamp() - $2::double precision * interval '1 millisecond' THEN 'recent'
         ELSE 'started' END AS progress
  FROM unnest($1::uuid[]) AS a (id) CROSS JOIN LATERAL (
    (SELECT id, published_at, dead_lettered_at FROM nova.outbox_events WHERE aggregate_id = a.id ORDER BY sequence LIMIT 10)
    UNION ALL
    (SELECT id, published_at, dead_lettered_at FROM nova.outbox_events WHERE aggregate_id = a.id ORDER BY sequence DESC LIMIT 10)
  ) e`;
