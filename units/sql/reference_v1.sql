-- Invariant: whoever changes what processes keep of the reference data leaves a mark, in the same transaction.
-- Marks are only added, so writers never wait for each other here; those of yesterday go, since all that a
-- process keeps is of the marks it sees now. Rows that another writer is removing are left to it.
CREATE FUNCTION reference_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO units_referencechange (token, changed_at)
    VALUES ((random() * 9007199254740991)::bigint, clock_timestamp());
    DELETE FROM units_referencechange WHERE id IN (
        SELECT id FROM units_referencechange WHERE changed_at < clock_timestamp() - interval '1 day'
        LIMIT 100 FOR UPDATE SKIP LOCKED);
    RETURN NULL;
END $$;

CREATE TRIGGER unit_changes_are_marked AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON units_businessunit
    FOR EACH STATEMENT EXECUTE FUNCTION reference_changed();
CREATE TRIGGER venue_changes_are_marked AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON units_venue
    FOR EACH STATEMENT EXECUTE FUNCTION reference_changed();
CREATE TRIGGER outlet_changes_are_marked AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON units_outlet
    FOR EACH STATEMENT EXECUTE FUNCTION reference_changed();
