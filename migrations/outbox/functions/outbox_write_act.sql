-- Revision 1.
-- An act of a person, written by the functions of the desk for its caller. p_act: invocation, actor, host, reason, planned.
CREATE OR REPLACE FUNCTION outbox_write_act(p_act jsonb, p_command text, p_done integer, p_ids text[], p_details jsonb) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF coalesce(trim(p_act ->> 'reason'), '') = '' THEN
    RAISE EXCEPTION 'a reason is needed' USING ERRCODE = '22023';
  END IF;
  INSERT INTO operator_acts (invocation, actor, host, command, reason, planned, done, ids, details)
  VALUES ((p_act ->> 'invocation')::uuid, p_act ->> 'actor', p_act ->> 'host', p_command, left(p_act ->> 'reason', 1000),
          (p_act ->> 'planned')::integer, p_done, p_ids, p_details);
  -- A transaction that is taken back takes its acts with it; the log of the server keeps this.
  RAISE LOG 'nova: % of % by % (login %)', p_command, array_to_string(p_ids[1:20], ', '), p_act ->> 'actor', session_user;
END $$;
