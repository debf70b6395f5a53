-- Revision 1.
-- The payload's size as text, or -1 when it has none: too many digits, nested too deep, damaged on disk.
CREATE OR REPLACE FUNCTION outbox_payload_bytes(payload jsonb) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
  -- Looked for before the text is made: failing at a gigabyte costs a gigabyte. No consumer holds such a number anyway.
  IF jsonb_path_exists(payload, '$.** ? (@.type() == "number" && (@ > 1e308 || @ < -1e308))') THEN RETURN -1; END IF;
  RETURN octet_length(payload::text);
EXCEPTION WHEN OTHERS THEN
  RETURN -1;
END $$;
