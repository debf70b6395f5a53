-- Revision 1.
-- The one definition of "a tombstone forbids this post", whose newest status has sequence `seq`. A post is live when its
-- status is published and this is false.
CREATE OR REPLACE FUNCTION post_is_voided(post uuid, author uuid, seq bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM tombstones
                 WHERE subject_type = 'post' AND subject_id = post::text AND (final OR sequence >= seq))
      OR EXISTS (SELECT FROM tombstones WHERE subject_type = 'user' AND subject_id = author::text AND final)
$$;
