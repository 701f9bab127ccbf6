-- Invariant: the history of memberships only grows. A mistake is mended by another event.
CREATE FUNCTION members_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
REVOKE ALL ON FUNCTION members_refuse_change() FROM PUBLIC;

CREATE TRIGGER member_event_is_append_only BEFORE UPDATE OR DELETE ON members_memberevent
    FOR EACH ROW EXECUTE FUNCTION members_refuse_change();
CREATE TRIGGER member_event_is_never_emptied BEFORE TRUNCATE ON members_memberevent
    FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_change();

REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON members_memberevent FROM loyalty_app;
GRANT SELECT, INSERT ON members_memberevent TO loyalty_app;
GRANT SELECT ON members_memberevent TO loyalty_auditor;
