-- Revision 1.
-- Writes one event in the caller's transaction, and returns its id. Only type and payload are needed:
--   id              of the event and of its workflow; the same id again with the same payload is no second event
--   aggregate_id    what the event is about: the key field of the payload, for most types the only one allowed
--   priority        critical, high, normal or low; default: that of the type
--   schema_version  of the payload; default: the newest
--   traceparent     W3C trace context; carried to Kafka
CREATE OR REPLACE FUNCTION nova_publish(
  type text, payload jsonb, id uuid DEFAULT NULL, aggregate_id uuid DEFAULT NULL, priority text DEFAULT NULL,
  schema_version integer DEFAULT NULL, traceparent text DEFAULT NULL
) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  checked record;
BEGIN
  checked := nova_checked_event(type, payload, id, aggregate_id, priority, schema_version, '');
  INSERT INTO outbox_events (id, aggregate_id, event_type, payload, priority, schema_version, traceparent)
  VALUES (checked.id, checked.aggregate_id, checked.event_type, payload, checked.priority_number, checked.schema_version, traceparent);
  RETURN checked.id;
END $$;
