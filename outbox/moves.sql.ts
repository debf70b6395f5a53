import { unemitted } from './states.sql';

/** Domains that go from one outbox to another (docs/outboxes.md, "Moving"). What writes are functions in migrations/outbox/functions. */
export const expectMove = `SELECT nova.outbox_expect($1::uuid, $2, $3::text[])`;
export const handOver = `SELECT nova.outbox_hand_over($1::uuid, $2, $3::text[])`;
export const noteSwitch = `SELECT transaction, pid FROM nova.outbox_note_switch($1::uuid)`;
export const accept = `SELECT nova.outbox_accept($1::uuid, $2::bigint)`;
export const cancelMove = `SELECT nova.outbox_cancel_move($1::uuid, $2::uuid) AS cancelled`;
export const open = `SELECT nova.outbox_open($1::uuid, $2::uuid[], $3::uuid[], $4::bigint[]) AS opened`;
export const letGo = `SELECT nova.outbox_let_go($1::uuid, $2::uuid[]) AS waiting`;

/** Every move that is recorded here and was not taken back, the oldest first. */
export const listMoves = `
  SELECT m.id, m.direction, m.other, m.domains, m.begun_at AS "begunAt", m.floor, m.accepted_at AS "acceptedAt",
    m.opened_at AS "openedAt", m.ended_at AS "endedAt",
    (SELECT count(*) FROM nova.outbox_holds h WHERE m.direction = 'in' AND h.waits_for = m.other) AS waiting
  FROM nova.outbox_moves m WHERE m.cancelled_at IS NULL ORDER BY m.begun_at, m.direction`;

/** Of moves that the old outbox has switched, those that this one has taken back since. $1 ids */
export const takenBack = `
  SELECT id FROM nova.outbox_moves WHERE direction = 'in' AND cancelled_at IS NOT NULL AND id = ANY ($1::uuid[])`;

/** Moves to this outbox that a bridge has to carry on. */
export const arriving = `
  SELECT id, other, domains, opened_at IS NOT NULL AS open FROM nova.outbox_moves
  WHERE direction = 'in' AND accepted_at IS NOT NULL AND ended_at IS NULL AND cancelled_at IS NULL ORDER BY begun_at`;

/** Where this domain was written before it was written here, the newest first. $1 domain */
export const originsOf = `
  SELECT other FROM nova.outbox_moves
  WHERE direction = 'in' AND accepted_at IS NOT NULL AND $1 = ANY (domains) ORDER BY accepted_at DESC`;

/** Aggregates that wait here for another outbox. $1 its name */
export const waitingFor = `SELECT aggregate_id AS "aggregateId" FROM nova.outbox_holds WHERE waits_for = $1`;

/** Unemitted rows of an aggregate that are looked at: one with so many of other domains counts as unfinished. */
const rowsLookedAt = 100;

/**
 * The first event of each of these aggregates that is not over, and of these domains: not on Kafka, or a dead letter that holds back what
 * follows. Each aggregate is a probe of its own, however many rows it has.
 */
const unfinishedOf = (aggregates: string): string => `
  SELECT a.aggregate_id AS "aggregateId", f.id AS "eventId", f.sequence
  FROM ${aggregates} CROSS JOIN LATERAL (
    SELECT o.id, o.sequence FROM (
      SELECT e.id, e.sequence, e.event_type, count(*) OVER () = ${rowsLookedAt} AS more FROM (
        SELECT i.id, i.sequence, i.event_type FROM nova.outbox_events i
        WHERE i.aggregate_id = a.aggregate_id AND ${unemitted('i.')} ORDER BY i.sequence LIMIT ${rowsLookedAt}
      ) e
      UNION ALL
      SELECT h.id, h.sequence, d.event_type, false FROM nova.outbox_holds h JOIN nova.outbox_events d ON d.id = h.id AND d.sequence = h.sequence
      WHERE h.aggregate_id = a.aggregate_id
    ) o
    WHERE o.more OR EXISTS (SELECT FROM nova.outbox_event_types t WHERE t.spelling = o.event_type AND t.domain = ANY ($1::text[]))
    ORDER BY o.sequence LIMIT 1
  ) f`;

/** $1 domains, $2 aggregates */
export const unfinishedAmong = unfinishedOf('unnest($2::uuid[]) AS a (aggregate_id)');

/**
 * The same of all aggregates of the outbox. The walk goes from one aggregate to the next by the index; it ends after $2 of them, and `walked`
 * says how many there were. $1 domains, $2 limit
 */
export const unfinished = `
  WITH RECURSIVE walk AS (
    (SELECT o.aggregate_id, 1 AS number FROM nova.outbox_events o WHERE ${unemitted('o.')} ORDER BY o.aggregate_id, o.sequence LIMIT 1)
    UNION ALL
    SELECT n.aggregate_id, w.number + 1 FROM walk w CROSS JOIN LATERAL (
      SELECT o.aggregate_id FROM nova.outbox_events o
      WHERE ${unemitted('o.')} AND o.aggregate_id > w.aggregate_id ORDER BY o.aggregate_id, o.sequence LIMIT 1
    ) n WHERE w.number < $2
  ), a AS (SELECT aggregate_id FROM walk UNION SELECT aggregate_id FROM nova.outbox_holds)
  SELECT (SELECT count(*) FROM walk) AS walked, u.* FROM (SELECT) AS one LEFT JOIN (${unfinishedOf('a')}) u ON true`;
