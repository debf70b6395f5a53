-- Revision 1.
-- Domains are to come here from another outbox: from now on their rows are refused, until that one refuses them (outbox_accept).
CREATE OR REPLACE FUNCTION outbox_expect(move uuid, from_outbox text, wanted text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO outbox_moves (id, direction, other, domains) VALUES (move, 'in', from_outbox, wanted) ON CONFLICT DO NOTHING;
  PERFORM outbox_mark_moves();
END $$;
