-- Invariant: what was said of consent, and who looked, only grows; what holds now is what was said last.
CREATE TRIGGER consent_event_is_append_only BEFORE UPDATE OR DELETE ON members_consentevent
    FOR EACH ROW EXECUTE FUNCTION members_refuse_change();
CREATE TRIGGER consent_event_is_never_emptied BEFORE TRUNCATE ON members_consentevent
    FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_change();
CREATE TRIGGER consent_text_is_append_only BEFORE UPDATE OR DELETE ON members_consenttext
    FOR EACH ROW EXECUTE FUNCTION members_refuse_change();
CREATE TRIGGER consent_text_is_never_emptied BEFORE TRUNCATE ON members_consenttext
    FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_change();
CREATE TRIGGER data_access_is_append_only BEFORE UPDATE OR DELETE ON members_dataaccess
    FOR EACH ROW EXECUTE FUNCTION members_refuse_change();
CREATE TRIGGER data_access_is_never_emptied BEFORE TRUNCATE ON members_dataaccess
    FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_change();

-- The app's role writes events only; this function, as the owner, keeps what holds now. It waits for whoever
-- reads personal data under the consent, so that nobody reads after a withdrawal was committed.
CREATE FUNCTION members_consent_stands() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO public.members_consent (member_id, purpose, unit_id, text_id, is_given, since)
        VALUES (NEW.member_id, NEW.purpose, NEW.unit_id, NEW.text_id, NEW.act = 'given', NEW.at)
        ON CONFLICT (member_id, purpose, unit_id) DO UPDATE
            SET text_id = EXCLUDED.text_id, is_given = EXCLUDED.is_given, since = EXCLUDED.since;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION members_consent_stands() FROM PUBLIC;
CREATE TRIGGER consent_stands AFTER INSERT ON members_consentevent
    FOR EACH ROW EXECUTE FUNCTION members_consent_stands();

REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER
    ON members_consentevent, members_consenttext, members_dataaccess FROM loyalty_app;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON members_consent FROM loyalty_app;
-- A shared lock on a row asks for the right to change some column: the key, which nothing changes.
GRANT UPDATE (id) ON members_consent TO loyalty_app;
