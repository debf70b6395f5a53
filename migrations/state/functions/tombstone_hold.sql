-- Revision 1.
-- Holds a subject back for so many milliseconds, an hour at the most: a service has signalled its delete. A tombstone that is final stays.
CREATE OR REPLACE FUNCTION tombstone_hold(p_subject_type text, p_subject_id text, p_hold_ms double precision, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  INSERT INTO tombstones AS t (subject_type, subject_id, sequence, final, reason, held_until)
  VALUES (p_subject_type, p_subject_id, NULL, false, p_reason,
          clock_timestamp() + least(p_hold_ms, 3600000) * interval '1 millisecond')
  ON CONFLICT (subject_type, subject_id) DO UPDATE SET held_until = excluded.held_until WHERE NOT t.final
$$;
