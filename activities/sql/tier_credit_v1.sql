-- Invariant: tier credits only grow. What a refund takes back is another row.
CREATE FUNCTION activities_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
REVOKE ALL ON FUNCTION activities_refuse_change() FROM PUBLIC;

CREATE TRIGGER tier_credit_is_append_only BEFORE UPDATE OR DELETE ON activities_tiercredit
    FOR EACH ROW EXECUTE FUNCTION activities_refuse_change();
CREATE TRIGGER tier_credit_is_never_emptied BEFORE TRUNCATE ON activities_tiercredit
    FOR EACH STATEMENT EXECUTE FUNCTION activities_refuse_change();

REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON activities_tiercredit FROM loyalty_app;
GRANT SELECT, INSERT ON activities_tiercredit TO loyalty_app;
GRANT SELECT ON activities_tiercredit TO loyalty_auditor;
