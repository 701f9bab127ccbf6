-- Invariant: what gates saw only grows. Which stay a passage is part of may change; what it says may not.
CREATE FUNCTION parking_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
REVOKE ALL ON FUNCTION parking_refuse_change() FROM PUBLIC;

CREATE FUNCTION parking_passage_keeps_its_word() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - 'session_id') IS DISTINCT FROM (to_jsonb(OLD) - 'session_id') THEN
        RAISE EXCEPTION 'a passage says what it said' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION parking_passage_keeps_its_word() FROM PUBLIC;
CREATE TRIGGER passage_keeps_its_word BEFORE UPDATE ON parking_passage
    FOR EACH ROW EXECUTE FUNCTION parking_passage_keeps_its_word();
CREATE TRIGGER passage_is_never_deleted BEFORE DELETE ON parking_passage
    FOR EACH ROW EXECUTE FUNCTION parking_refuse_change();
CREATE TRIGGER passage_is_never_emptied BEFORE TRUNCATE ON parking_passage
    FOR EACH STATEMENT EXECUTE FUNCTION parking_refuse_change();

REVOKE DELETE, TRUNCATE, REFERENCES, TRIGGER ON parking_passage FROM loyalty_app;
GRANT SELECT, INSERT, UPDATE ON parking_passage TO loyalty_app;
