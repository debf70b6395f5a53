-- What we know of users, from identity events: author data for feeds, addresses for e-mail, and who is hidden.
CREATE TABLE user_profiles (
  user_id      uuid PRIMARY KEY,
  username     text,
  display_name text,
  avatar_url   text,
  is_verified  boolean NOT NULL DEFAULT false,
  email        text,                   -- personal data: never logged, never in workflow history
  -- hidden: a soft delete, shown nowhere but kept; deleted: names and address are gone. Neither is ever left again for active.
  state        text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'hidden', 'deleted')),
  sequence     bigint NOT NULL,        -- of the newest event applied
  -- Of the newest event that set each field: events carry some fields only and may be applied in any order.
  field_sequences jsonb NOT NULL DEFAULT '{}',
  updated_at   timestamptz NOT NULL DEFAULT now()
);
