/**
 * Of two tombstones of one subject the stronger stays: final before not final, then the later sequence. A signal holds
 * until the delete it speaks of is here. A user's may be a soft one: that is no reason to hold on either.
 */
export const strongerStays = `
  ON CONFLICT (subject_type, subject_id) DO UPDATE
    SET sequence = greatest(t.sequence, excluded.sequence),
        final = t.final OR excluded.final,
        reason = excluded.reason,
        held_until = CASE WHEN excluded.final OR t.subject_type = 'user' THEN NULL ELSE t.held_until END
  WHERE NOT t.final`;
