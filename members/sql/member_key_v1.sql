-- Invariant: a data key that was destroyed never comes back, and none is taken away but by being destroyed.
CREATE FUNCTION members_key_is_destroyed_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('DELETE', 'TRUNCATE') THEN
        RAISE EXCEPTION 'data keys are destroyed, not deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.destroyed_at IS NOT NULL OR NEW.member_id <> OLD.member_id THEN
        RAISE EXCEPTION 'this data key was destroyed, or is another''s' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION members_key_is_destroyed_for_good() FROM PUBLIC;

CREATE TRIGGER key_is_destroyed_for_good BEFORE UPDATE OR DELETE ON members_memberkey
    FOR EACH ROW EXECUTE FUNCTION members_key_is_destroyed_for_good();
CREATE TRIGGER keys_are_never_emptied BEFORE TRUNCATE ON members_memberkey
    FOR EACH STATEMENT EXECUTE FUNCTION members_key_is_destroyed_for_good();

REVOKE DELETE, TRUNCATE, REFERENCES, TRIGGER ON members_memberkey FROM loyalty_app;
-- Who proves the books needs no personal data: without the keys the auditor's copy of a field says nothing.
REVOKE ALL ON members_memberkey FROM loyalty_auditor;
