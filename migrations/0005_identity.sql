-- What we know of users, from identity events: author data for feeds, addresses for e-mail, and who is hidden.
CREATE TABLE user_profiles (
  user_id      uuid PRIMARY KEY,
  username     text,
  display_name text,
  avatar_url   text,
  is_verified  boolean NOT NULL DEFAULT false,
  email        text,                   -- personal data: never logged, never in workflow history
  state        text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'hidden', 'deleted')),
  sequence     bigint NOT NULL,        -- of the newest event applied
  updated_at   timestamptz NOT NULL DEFAULT now()
);
