-- Invariant: a change of an earn rule or a tier scheme leaves a mark (units/sql/reference_v1.sql), as processes
-- keep the books they make.
CREATE TRIGGER earn_rule_changes_are_marked AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON activities_earnrule
    FOR EACH STATEMENT EXECUTE FUNCTION reference_changed();
CREATE TRIGGER tier_scheme_changes_are_marked AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON activities_tierscheme
    FOR EACH STATEMENT EXECUTE FUNCTION reference_changed();
CREATE TRIGGER credit_rule_changes_are_marked AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON activities_creditrule
    FOR EACH STATEMENT EXECUTE FUNCTION reference_changed();
