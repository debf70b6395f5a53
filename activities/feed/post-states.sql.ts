import { strongerStays } from '../stores/tombstones.sql';

const state = `post_id AS "postId", author_id AS "authorId", status, delivery, score_ms AS "scoreMs", sequence, summary,
  nova.post_is_voided(post_id, author_id, sequence) AS voided`;

export const find = `SELECT ${state} FROM nova.post_states WHERE post_id = $1`;

// Of a post that is deleted nothing is kept, in whichever order its events run: a purge of its author looks at the others only.
const kept = (row: '' | 'p.', summary: string) =>
  `CASE WHEN ${row}status = 'deleted' THEN '{}'::jsonb ELSE ${summary} END`;

// The score is the creating row's and stays; delivery is decided once, so that a retraction knows where to look.
export const apply = `
  INSERT INTO nova.post_states AS p
    (post_id, author_id, status, delivery, score_ms, summary, summary_sequences, sequence)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (post_id) DO UPDATE SET
    status = CASE WHEN p.status <> 'deleted' AND excluded.sequence > p.sequence THEN excluded.status ELSE p.status END,
    sequence = greatest(p.sequence, excluded.sequence),
    delivery = coalesce(p.delivery, excluded.delivery),
    summary = ${kept('p.', 'p.summary || nova.newer_fields(excluded.summary, p.summary_sequences, excluded.sequence)')},
    summary_sequences = p.summary_sequences
      || nova.newer_fields(excluded.summary_sequences, p.summary_sequences, excluded.sequence),
    updated_at = now()
  RETURNING ${state}`;

export const setStatus = `
  UPDATE nova.post_states SET
    status = CASE WHEN status <> 'deleted' AND $3::bigint > sequence THEN $2 ELSE status END,
    sequence = greatest(sequence, $3::bigint),
    summary = CASE WHEN $2 = 'deleted' THEN '{}'::jsonb ELSE summary END,
    updated_at = now()
  WHERE post_id = $1
  RETURNING ${state}`;

export const mergeSummary = `
  UPDATE nova.post_states SET
    summary = ${kept('', 'summary || nova.newer_fields($2::jsonb, summary_sequences, $4::bigint)')},
    summary_sequences = summary_sequences || nova.newer_fields($3::jsonb, summary_sequences, $4::bigint),
    updated_at = now()
  WHERE post_id = $1
  RETURNING ${state}`;

export const newestLive = `
  SELECT post_id AS "postId", score_ms AS "scoreMs", sequence FROM nova.post_states
  WHERE author_id = $1 AND status = 'published' AND delivery = 'push' AND NOT nova.post_is_voided(post_id, author_id, sequence)
  ORDER BY score_ms DESC, post_id DESC LIMIT $2`;

export const liveAmong = `
  SELECT post_id FROM nova.post_states
  WHERE post_id = ANY ($1::uuid[]) AND status = 'published' AND NOT nova.post_is_voided(post_id, author_id, sequence)`;

export const authoredBy = `SELECT post_id FROM nova.post_states WHERE author_id = $1 AND post_id = ANY ($2::uuid[])`;

export const recordPullAuthor = `
  INSERT INTO nova.pull_authors (author_id, follower_count) VALUES ($1, $2)
  ON CONFLICT (author_id) DO UPDATE SET follower_count = excluded.follower_count`;

export const pushed = `
  SELECT post_id FROM nova.post_states WHERE author_id = $1 AND delivery = 'push' AND post_id > $2
  ORDER BY post_id LIMIT $3`;

export const undeleted = `SELECT post_id FROM nova.post_states WHERE author_id = $1 AND status <> 'deleted' LIMIT $2`;

export const markDeleted = `
  WITH marked AS (
    UPDATE nova.post_states SET status = 'deleted', summary = '{}', updated_at = now()
    WHERE post_id = ANY ($1::uuid[]) RETURNING post_id, sequence)
  INSERT INTO nova.tombstones AS t (subject_type, subject_id, sequence, final, reason)
  SELECT 'post', post_id::text, sequence, true, $2 FROM marked
  ${strongerStays}`;
