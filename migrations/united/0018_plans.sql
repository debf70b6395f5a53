-- Indexes for statements that read all of a table as it grows, found by test/plans. Everything here is added, so that
-- processes of the version before go on working. On a large database make the index by hand before, CONCURRENTLY: what is
-- there stays.

-- The expiry of notifications that no inbox lists walks them by age, 500 at a time: without it each batch read the whole table.
CREATE INDEX IF NOT EXISTS idx_notifications_unlisted ON notifications (created_at) WHERE NOT (in_app AND retracted_at IS NULL);
