-- Revision 1.
-- Every kind on every channel, and whether this person gets it: what they said, else the default; locked ones always.
CREATE OR REPLACE FUNCTION nova_preferences(user_id uuid) RETURNS TABLE (kind text, channel text, enabled boolean, is_default boolean, locked boolean)
LANGUAGE sql STABLE AS $$
  SELECT k.kind, k.channel, k.locked OR coalesce(p.enabled, k.on_default), p.enabled IS NULL OR k.locked, k.locked
  FROM notification_kinds k
  LEFT JOIN notification_preferences p ON p.user_id = nova_preferences.user_id AND p.kind = k.kind AND p.channel = k.channel
  ORDER BY k.kind, k.channel
$$;
