-- Invariant: the history of tiers only grows. A mistake is mended by another change.
CREATE TRIGGER tier_change_is_append_only BEFORE UPDATE OR DELETE ON members_tierchange
    FOR EACH ROW EXECUTE FUNCTION members_refuse_change();
CREATE TRIGGER tier_change_is_never_emptied BEFORE TRUNCATE ON members_tierchange
    FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_change();

REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON members_tierchange FROM loyalty_app;
GRANT SELECT, INSERT ON members_tierchange TO loyalty_app;
GRANT SELECT ON members_tierchange TO loyalty_auditor;
