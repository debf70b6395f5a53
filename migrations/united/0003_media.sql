-- Media linking. Either side may come first: each writes its own row, commits, then looks for the other's.

-- Every upload, and what became of it.
CREATE TABLE parked_media (
  media_id    uuid PRIMARY KEY,
  upload_id   uuid NOT NULL,
  user_id     uuid NOT NULL,
  event_id    uuid NOT NULL,           -- of the upload: also its workflow id, which is signalled when a post claims it
  state       text NOT NULL CHECK (state IN ('parked', 'linked', 'unclaimed')),
  post_id     uuid,                    -- the first post it was linked to
  uploaded_at timestamptz NOT NULL,    -- created_at of the upload's outbox row
  expires_at  timestamptz NOT NULL,    -- end of the claim window: a post written later does not claim it unnamed
  parked_at   timestamptz NOT NULL DEFAULT now(),
  CHECK ((state = 'linked') = (post_id IS NOT NULL))
);
CREATE INDEX idx_parked_media_user ON parked_media (user_id, uploaded_at) WHERE state <> 'linked';

-- Media that posts name. The media may come later, and an edit of history may name it again.
CREATE TABLE wanted_media (
  media_id  uuid NOT NULL,
  post_id   uuid NOT NULL,
  user_id   uuid NOT NULL,
  event_id  uuid NOT NULL,
  wanted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (media_id, post_id)
);

-- Posts with media that name none: they claim what their author uploaded in the window before them.
CREATE TABLE unnamed_claims (
  post_id    uuid PRIMARY KEY,
  user_id    uuid NOT NULL,
  event_id   uuid NOT NULL,
  posted_at  timestamptz NOT NULL      -- created_at of the post's outbox row
);
CREATE INDEX idx_unnamed_claims_user ON unnamed_claims (user_id, posted_at);

CREATE TABLE post_media (
  post_id   uuid NOT NULL,
  media_id  uuid NOT NULL,
  event_id  uuid NOT NULL,             -- of the event whose workflow made the link
  linked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (post_id, media_id)
);
CREATE INDEX idx_post_media_media ON post_media (media_id);
