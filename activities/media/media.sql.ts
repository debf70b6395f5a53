import { rfc3339 } from '../../runtime/sql-time';

const uploadColumns = `m.media_id AS "mediaId", m.upload_id AS "uploadId", m.user_id AS "userId", m.event_id AS "eventId",
  ${rfc3339('m.uploaded_at')} AS "uploadedAt"`;

// Media that nothing claimed may be uploaded again by the same user, and then waits again. A repetition is not later.
export const insertUpload = `
  INSERT INTO nova.parked_media AS m (media_id, upload_id, user_id, event_id, uploaded_at, expires_at, for_post, state)
  VALUES ($1, $2, $3, $4, $5::timestamptz, $5::timestamptz + $6::bigint * interval '1 millisecond', $7::uuid, 'parked')
  ON CONFLICT (media_id) DO UPDATE SET
    upload_id = excluded.upload_id, event_id = excluded.event_id, uploaded_at = excluded.uploaded_at,
    expires_at = excluded.expires_at, for_post = excluded.for_post, state = 'parked'
  WHERE m.state = 'unclaimed' AND m.user_id = excluded.user_id AND excluded.uploaded_at > m.uploaded_at`;

export const updateRefused = `
  UPDATE nova.parked_media SET state = 'unclaimed' WHERE media_id = $1 AND event_id = $2 AND state = 'parked'`;

export const selectStatus = `
  SELECT state, greatest(0, ceil(extract(epoch FROM expires_at - clock_timestamp()) * 1000))::bigint AS "waitMs"
  FROM nova.parked_media WHERE media_id = $1`;

export const updateGivenUp = `UPDATE nova.parked_media SET state = 'unclaimed' WHERE media_id = $1 AND state = 'parked'`;

export const updateExpired = `
  UPDATE nova.parked_media SET state = 'unclaimed'
  WHERE media_id = $1 AND state = 'parked' AND expires_at <= clock_timestamp()`;

export const selectClaimsNaming = `
  SELECT w.post_id AS "postId", w.user_id AS "userId", w.event_id AS "eventId"
  FROM nova.wanted_media w JOIN nova.parked_media m USING (media_id, user_id) WHERE w.media_id = $1`;

export const selectFirstUnnamedClaim = `
  SELECT c.post_id AS "postId", c.user_id AS "userId", c.event_id AS "eventId"
  FROM nova.parked_media m JOIN nova.unnamed_claims c ON c.user_id = m.user_id AND c.posted_at BETWEEN m.uploaded_at AND m.expires_at
  WHERE m.media_id = $1 AND (m.for_post IS NULL OR m.for_post = c.post_id) ORDER BY c.posted_at, c.post_id LIMIT 1`;

export const insertNamed = `
  INSERT INTO nova.wanted_media (media_id, post_id, user_id, event_id)
  SELECT DISTINCT media_id, $1::uuid, $2::uuid, $3::uuid FROM unnest($4::uuid[]) AS media_id ON CONFLICT DO NOTHING`;

export const insertUnnamed = `
  INSERT INTO nova.unnamed_claims (post_id, user_id, event_id, posted_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`;

// By the media the event names, which is the key of both tables.
export const selectUploadsNamedBy = `
  SELECT ${uploadColumns} FROM nova.wanted_media w JOIN nova.parked_media m USING (media_id, user_id)
  WHERE w.media_id = ANY ($2::uuid[]) AND w.post_id = $1 ORDER BY m.media_id`;

// Only media of this user: an upload may name media that another has uploaded before.
export const upsertLink = `
  WITH owned AS MATERIALIZED (
    SELECT media_id FROM nova.parked_media WHERE media_id = $2 AND user_id = $4
  ), link AS (
    INSERT INTO nova.post_media (post_id, media_id, event_id) SELECT $1::uuid, media_id, $3::uuid FROM owned ON CONFLICT DO NOTHING
  )
  UPDATE nova.parked_media SET state = 'linked', post_id = $1::uuid
  WHERE media_id = $2 AND user_id = $4 AND state <> 'linked'`;

export const selectUploadsFor = `
  SELECT ${uploadColumns} FROM nova.parked_media m
  WHERE m.for_post = $1 AND m.state <> 'linked' AND m.user_id = $2 ORDER BY m.media_id`;

export const selectLinked = `
  SELECT ${uploadColumns} FROM nova.post_media l JOIN nova.parked_media m USING (media_id)
  WHERE l.post_id = $1 ORDER BY m.media_id LIMIT 100`;

// The lock makes one of two claiming posts see the other's claim; its order keeps them from waiting for each other.
export const claimUnnamed = `
  WITH free AS (
    SELECT m.media_id FROM nova.unnamed_claims c
    JOIN nova.parked_media m ON m.user_id = c.user_id AND c.posted_at BETWEEN m.uploaded_at AND m.expires_at
    WHERE c.post_id = $1 AND m.state <> 'linked' AND ($3::uuid IS NULL OR m.media_id = $3)
      AND (m.for_post IS NULL OR m.for_post = $1)
      -- The longest window there is: keeps old uploads of the same person out of the search.
      AND m.uploaded_at >= c.posted_at - interval '7 days'
      AND NOT EXISTS (SELECT 1 FROM nova.wanted_media w WHERE w.media_id = m.media_id AND w.user_id = m.user_id)
    ORDER BY m.media_id FOR UPDATE OF m
  ), claimed AS (
    UPDATE nova.parked_media m SET state = 'linked', post_id = $1 FROM free WHERE m.media_id = free.media_id RETURNING m.media_id
  )
  INSERT INTO nova.post_media (post_id, media_id, event_id) SELECT $1, media_id, $2 FROM claimed ON CONFLICT DO NOTHING`;

export const deleteLinks = `
  WITH gone AS (DELETE FROM nova.post_media WHERE post_id = $1 RETURNING media_id), freed AS (
    -- Media that another post has too stays linked, to that one.
    UPDATE nova.parked_media m SET
      post_id = other.post_id, state = CASE WHEN other.post_id IS NULL THEN 'unclaimed' ELSE 'linked' END
    FROM gone LEFT JOIN LATERAL (
      SELECT p.post_id FROM nova.post_media p WHERE p.media_id = gone.media_id AND p.post_id <> $1 LIMIT 1
    ) other ON true
    WHERE m.media_id = gone.media_id AND m.post_id = $1
  )
  SELECT count(*)::integer AS count FROM gone`;

export const countLinks = `SELECT count(*)::integer AS count FROM nova.post_media WHERE post_id = $1`;
