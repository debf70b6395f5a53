-- psql "$DATABASE_URL" -v user=<uuid> -f read.sql     (a login that is a member of nova_reader)
SELECT id, kind, actor_id, subject_type, subject_id, created_at, read FROM nova.nova_inbox
WHERE recipient_id = :'user' ORDER BY id DESC LIMIT 20;
SELECT count(*) AS unread FROM nova.nova_inbox WHERE recipient_id = :'user' AND NOT read;
SELECT * FROM nova.nova_preferences(:'user');
