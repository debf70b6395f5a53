-- State behind the feeds. PostgreSQL is the truth; Redis holds a window of it that can be rebuilt.

-- What was deleted. Every effect on a subject looks here after it has written, and undoes itself if it came too late.
CREATE TABLE tombstones (
  subject_type text NOT NULL,          -- 'post', 'message', 'reaction', 'user'
  subject_id   text NOT NULL,          -- the UUID, or target:user:emoji for a reaction
  sequence     bigint,                 -- of the deleting event: voids what came before it; null: from a signal, before its event
  final        boolean NOT NULL,       -- true: voids later events too (a deleted post stays deleted)
  reason       text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (subject_type, subject_id)
);

-- Who follows whom: the default FollowerSource. Owned by the service that owns follows; we only read it.
CREATE TABLE follows (
  followee_id uuid NOT NULL,
  follower_id uuid NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (followee_id, follower_id)
);
CREATE INDEX idx_follows_follower ON follows (follower_id, followee_id);

-- The feed's own copy of every post: what a rebuild, a backfill and an owner lookup read.
CREATE TABLE post_states (
  post_id    uuid PRIMARY KEY,
  author_id  uuid NOT NULL,
  status     text NOT NULL CHECK (status IN ('draft', 'published', 'archived', 'deleted')),
  -- push: written into feeds; pull: the author has too many followers, readers merge it. Null until published.
  delivery   text CHECK (delivery IN ('push', 'pull')),
  score_ms   bigint NOT NULL,          -- feed score: created_at of the outbox row that created it, epoch ms
  summary    jsonb NOT NULL DEFAULT '{}',
  -- Of the newest event applied to each field of the summary: two edits in the wrong order still merge to the right text.
  summary_sequences jsonb NOT NULL DEFAULT '{}',
  sequence   bigint NOT NULL,          -- of the newest event applied to the status
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_post_states_author ON post_states (author_id, score_ms DESC, post_id DESC) WHERE status = 'published';
-- The purge of an author walks the rest too.
CREATE INDEX idx_post_states_undeleted ON post_states (author_id) WHERE status <> 'deleted';

-- The one definition of "a tombstone forbids this post", whose newest status has sequence `seq`. A post is live when its
-- status is published and this is false.
CREATE FUNCTION post_is_voided(post uuid, author uuid, seq bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM tombstones
                 WHERE subject_type = 'post' AND subject_id = post::text AND (final OR sequence >= seq))
      OR EXISTS (SELECT FROM tombstones WHERE subject_type = 'user' AND subject_id = author::text AND final)
$$;

-- Those fields of `patch` that are newer than what `sequences` says was applied to them.
CREATE FUNCTION newer_fields(patch jsonb, sequences jsonb, seq bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(patch)
  WHERE coalesce((sequences ->> key)::bigint, 0) < seq
$$;

-- Authors over the pull threshold: a feed reader merges their posts at read time.
CREATE TABLE pull_authors (
  author_id      uuid PRIMARY KEY,
  follower_count bigint NOT NULL,      -- at least this many when recorded
  since          timestamptz NOT NULL DEFAULT now()
);
