-- Revision 1.
-- Days from today (UTC) on that have a partition without a gap, today not counted; -1: today has none, inserts fail now.
CREATE OR REPLACE FUNCTION outbox_days_ahead() RETURNS integer LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  WITH today AS (SELECT date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS at)
  SELECT (min(n) - 1)::integer FROM today, generate_series(0, 4000) AS n
  WHERE NOT EXISTS (SELECT FROM outbox_partitions p
                    WHERE NOT p.detach_pending AND today.at + n * interval '24 hours' >= coalesce(p.lower_bound, '-infinity')
                      AND today.at + n * interval '24 hours' < coalesce(p.upper_bound, 'infinity'))
$$;
