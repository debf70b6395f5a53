-- psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f publish.sql     (a login that is a member of nova_publisher)
\set author `uuidgen 2>/dev/null || cat /proc/sys/kernel/random/uuid`
\set post   `uuidgen 2>/dev/null || cat /proc/sys/kernel/random/uuid`
BEGIN;
-- … your own INSERT into your own table stands here …
SELECT nova.nova_publish('content.post.created',
  jsonb_build_object('post_id', :'post', 'user_id', :'author', 'caption', 'hello from psql')) AS event \gset
COMMIT;
SELECT state, reason FROM nova.nova_event_state(:'event');

-- Several events, all or none.
SELECT nova.nova_publish_many(jsonb_build_array(
  jsonb_build_object('type', 'content.post.updated', 'payload', jsonb_build_object('post_id', :'post', 'user_id', :'author', 'caption', 'edited')),
  jsonb_build_object('type', 'content.post.deleted', 'payload', jsonb_build_object('post_id', :'post', 'user_id', :'author'), 'priority', 'high')));
