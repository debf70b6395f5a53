-- What the feeds need to survive a Redis that lost time, and to be cleared of an author whose followers are unknown.

-- What PostgreSQL knows of the Redis that holds the feeds (docs/decisions/0013-redis-that-lost-time.md). One row per key prefix.
CREATE TABLE feed_stores (
  name           text PRIMARY KEY,      -- REDIS_KEY_PREFIX
  epoch          bigint NOT NULL,       -- grows with every loss: what Redis says of a feed in an older epoch is not believed
  identity       text NOT NULL,         -- of the server process and of its replication history
  beat           bigint NOT NULL,       -- a counter that only grows in Redis, as last seen there
  beat_at        timestamptz NOT NULL,
  lost_at        timestamptz,           -- when the last loss was noticed; null: never
  lost_since     timestamptz,           -- what was written to Redis after this may be gone; null: unknown, so everything
  lost_reason    text,
  repaired_epoch bigint NOT NULL,       -- everything in Redis was compared with the tables in this epoch
  repaired_at    timestamptz,
  eviction       text                   -- maxmemory-policy, as last seen
);

-- The purge of an author lists every post that was ever pushed. On a large database create the two indexes by hand before
-- migrating, CONCURRENTLY: what is there is left as it is.
CREATE INDEX IF NOT EXISTS idx_post_states_pushed ON post_states (author_id, post_id) WHERE delivery = 'push';
-- The repair of a Redis that lost data lists everybody who is hidden.
CREATE INDEX IF NOT EXISTS idx_user_profiles_hidden ON user_profiles (user_id) WHERE state <> 'active';
