-- Media linking. Either side may come first: each writes its own row, then looks for the other's.

CREATE TABLE parked_media (
  media_id   uuid PRIMARY KEY,
  upload_id  uuid NOT NULL,
  user_id    uuid NOT NULL,
  event_id   uuid NOT NULL,            -- of the upload: also its workflow id, which is signalled when the post claims
  state      text NOT NULL CHECK (state IN ('parked', 'linked', 'unclaimed')),
  post_id    uuid,                     -- set when linked
  parked_at  timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX idx_parked_media_user ON parked_media (user_id) WHERE state = 'parked';

-- Media a post names that had not arrived when the post did.
CREATE TABLE wanted_media (
  media_id uuid NOT NULL,
  post_id  uuid NOT NULL,
  user_id  uuid NOT NULL,
  wanted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (media_id, post_id)
);

CREATE TABLE post_media (
  post_id   uuid NOT NULL,
  media_id  uuid NOT NULL,
  event_id  uuid NOT NULL,             -- of the event whose workflow made the link
  linked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (post_id, media_id)
);
CREATE INDEX idx_post_media_media ON post_media (media_id);
