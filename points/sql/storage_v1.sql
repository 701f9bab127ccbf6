-- Invariant: the journal is swept while it grows, in small even steps; no table is vacuumed whole because it is old.
-- Settings for tables that only grow. Partitions do not inherit them, so each new one is given them by this function.
CREATE FUNCTION points_keep_growing(p_table regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'ALTER TABLE %s SET ('
        -- Every 100,000 new rows, however many there are: a share of the table would grow with it, and the sweep too.
        'autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000, '
        -- A row never changes, so the first sweep that passes freezes it. Or the whole table would be read and written
        -- again when its oldest row comes of age (200 million transactions), on a day of the database's choosing.
        'autovacuum_freeze_min_age = 0, '
        -- The planner's idea of the newest rows (today's ids and instants) is at most one part in fifty behind.
        'autovacuum_analyze_scale_factor = 0.02)', p_table);
END $$;
REVOKE ALL ON FUNCTION points_keep_growing(regclass) FROM PUBLIC;

SELECT points_keep_growing(name::regclass)
FROM unnest(ARRAY['points_posting', 'points_entry', 'points_draw', 'points_holdlot']) AS name;

-- Wallets are updated by every posting; no index holds what is updated, so with a third of each page free all updates
-- are HOT (set in append_only_v1) and clean up after themselves. The sweep is for the map of visible pages.
ALTER TABLE points_wallet SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- A lot is updated until it is spent, then never again. Its closing takes it out of the index in spending order; the
-- dead index rows it leaves stand in the way of each redemption of its wallet, so they are swept at a hundredth.
ALTER TABLE points_lot SET (
    autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
    autovacuum_analyze_scale_factor = 0.02);

-- A hold is updated once, when it ends, and that moves it out of the index of open holds: never HOT, so that free room
-- on its page would be of no use (fillfactor stays 100). The index is to hold what is open, not what was.
ALTER TABLE points_hold SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- Nobody searches by these; statistics of them would be sampled digests and texts.
ALTER TABLE points_posting ALTER digest SET STATISTICS 0, ALTER detail SET STATISTICS 0;
