-- Revision 2.
CREATE OR REPLACE FUNCTION nova_set_preference(user_id uuid, kind text, channel text, enabled boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  known notification_kinds;
  kinds text;
  channels text;
  refusal text;
BEGIN
  SELECT * INTO known FROM notification_kinds k WHERE k.kind = nova_set_preference.kind AND k.channel = nova_set_preference.channel;
  IF known.kind IS NULL THEN
    SELECT string_agg(DISTINCT k.kind, ', '), string_agg(DISTINCT k.channel, ', ') INTO kinds, channels FROM notification_kinds k;
    refusal := nova_refuse('INVALID_PREFERENCE', format('there is no kind %s on channel %s; kinds: %s; channels: %s',
      coalesce(to_json(left(kind, 60))::text, 'null'), coalesce(to_json(left(channel, 60))::text, 'null'), kinds, channels));
  ELSIF known.locked AND NOT enabled THEN
    refusal := nova_refuse('INVALID_PREFERENCE', format('%s on channel %s cannot be switched off', kind, channel));
  END IF;
  INSERT INTO notification_preferences AS p (user_id, kind, channel, enabled)
  VALUES (nova_set_preference.user_id, known.kind, known.channel, nova_set_preference.enabled)
  ON CONFLICT ON CONSTRAINT notification_preferences_pkey DO UPDATE SET enabled = excluded.enabled;
END $$;
