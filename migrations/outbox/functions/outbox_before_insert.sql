-- Revision 2.
-- SECURITY DEFINER: a writer needs INSERT on outbox_events and nothing else. What the bookkeeping columns hold is not for a
-- writer to say; who may UPDATE the table anyway (its owner, a restore) may also insert them.
--
-- A domain that goes to another outbox is refused in the old one from the switch on, and in the new one until then (outbox_moves). Each look
-- here sees what is committed by then (READ COMMITTED). A snapshot may be older than the switch: what a sequence says is in none.
CREATE OR REPLACE FUNCTION outbox_before_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  known outbox_event_types;
  lane  smallint;
BEGIN
  -- Refused by their own constraint, with the table's name in the message.
  IF NEW.aggregate_id IS NULL OR NEW.event_type IS NULL THEN RETURN NEW; END IF;
  -- Waits for the writers of the aggregate that are open. The row is locked whether it is new or not, and stays as it is.
  INSERT INTO outbox_writer_locks AS l (aggregate_id) VALUES (NEW.aggregate_id)
  ON CONFLICT (aggregate_id) DO UPDATE SET made_at = l.made_at WHERE false;
  NEW.sequence := nextval('outbox_sequence');
  SELECT * INTO known FROM outbox_event_types WHERE spelling = NEW.event_type;
  IF known.moving = 'gone' THEN
    RAISE EXCEPTION USING ERRCODE = '55000', CONSTRAINT = 'OUTBOX_MOVED', MESSAGE = format('OUTBOX_MOVED: %s is written in the outbox %s now: repeat '
      'the transaction in its database', known.event_type, known.moves_with);
  ELSIF known.moving = 'expected' THEN
    RAISE EXCEPTION USING ERRCODE = '55000', CONSTRAINT = 'OUTBOX_NOT_OPEN', MESSAGE = format('OUTBOX_NOT_OPEN: %s is still written in the outbox '
      '%s: repeat the transaction there, or here once that one refuses it', known.event_type, known.moves_with);
  END IF;
  IF current_setting('transaction_isolation') <> 'read committed'
     AND (SELECT s.last_value FROM outbox_switches s) > coalesce((SELECT max(m.number) FROM outbox_moves m), 0) THEN
    RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'a domain went to another outbox since this transaction began: repeat the transaction';
  END IF;
  -- An unknown type is let in: the business transaction must not fail for it. The bridge dead-letters it with its reason.
  NEW.aggregate_type := coalesce(NEW.aggregate_type, known.aggregate_type, 'unknown');
  NEW.priority := coalesce(NEW.priority, known.priority, 2);
  NEW.schema_version := coalesce(NEW.schema_version, known.schema_version, 1);
  IF NOT has_table_privilege(session_user, 'outbox_events', 'UPDATE') THEN
    NEW.published_at := NULL;
    NEW.retry_count := 0;
    NEW.last_error := NULL;
    NEW.next_attempt_at := '-infinity';
    NEW.first_attempt_at := NULL;
    NEW.claim_count := 0;
    NEW.unfinished_claims := 0;
    NEW.lease_token := NULL;
    NEW.lease_until := NULL;
    NEW.dead_lettered_at := NULL;
    NEW.emitted_at := NULL;
  END IF;
  IF NEW.published_at IS NOT NULL OR NEW.dead_lettered_at IS NOT NULL THEN RETURN NEW; END IF;
  lane := CASE WHEN NEW.priority BETWEEN 0 AND 3 THEN NEW.priority ELSE 3 END;
  IF current_setting('transaction_isolation') = 'read committed' THEN
    INSERT INTO outbox_heads (aggregate_id, sequence, lane, event_type, unfinished_claims, wake_at)
    VALUES (NEW.aggregate_id, NEW.sequence, lane, coalesce(known.spelling, ''), NEW.unfinished_claims,
            nullif(greatest(NEW.next_attempt_at, NEW.lease_until), '-infinity'))
    ON CONFLICT (aggregate_id) DO NOTHING;
  ELSE
    -- ON CONFLICT would fail (40001) for a head that is newer than this transaction's snapshot. Here it is enough that there is one.
    BEGIN
      INSERT INTO outbox_heads (aggregate_id, sequence, lane, event_type, unfinished_claims, wake_at)
      VALUES (NEW.aggregate_id, NEW.sequence, lane, coalesce(known.spelling, ''), NEW.unfinished_claims,
              nullif(greatest(NEW.next_attempt_at, NEW.lease_until), '-infinity'));
    EXCEPTION WHEN unique_violation THEN
      NULL;
    END;
  END IF;
  RETURN NEW;
END $$;
