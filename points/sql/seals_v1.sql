-- Invariant: seals only grow; each has the next number, begins where the one before ended and carries its digest.
CREATE FUNCTION points_chain_seal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before points_seal;
BEGIN
    SELECT * INTO before FROM points_seal ORDER BY number DESC LIMIT 1;
    IF NEW.number <> coalesce(before.number, 0) + 1
       OR FOUND AND (NEW.starts_at, NEW.previous) IS DISTINCT FROM (before.ends_at, before.digest)
       OR NOT FOUND AND NEW.previous <> decode(repeat('00', 32), 'hex') THEN
        RAISE EXCEPTION 'seal % does not follow seal %', NEW.number, coalesce(before.number, 0)
            USING ERRCODE = 'restrict_violation';
    END IF;
    -- What is sealed must be over: postings are dated by this clock.
    IF NEW.ends_at > clock_timestamp() THEN
        RAISE EXCEPTION 'seal % ends at %, which is yet to come', NEW.number, NEW.ends_at
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER seal_follows_the_last BEFORE INSERT ON points_seal
    FOR EACH ROW EXECUTE FUNCTION points_chain_seal();
CREATE TRIGGER seal_is_append_only BEFORE UPDATE OR DELETE ON points_seal
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
CREATE TRIGGER seal_is_never_emptied BEFORE TRUNCATE ON points_seal
    FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change();

-- The app adds a seal a day; what it cannot forge is the signature, whose key no database knows.
REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON points_seal FROM loyalty_app;
GRANT SELECT, INSERT ON points_seal TO loyalty_app;
GRANT SELECT ON points_seal TO loyalty_auditor;
