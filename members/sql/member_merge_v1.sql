-- Invariant: merges are told and never changed; an alias points at the last survivor of its chain, and nothing new becomes its own.
CREATE TRIGGER member_merge_is_append_only BEFORE UPDATE OR DELETE ON members_membermerge
    FOR EACH ROW EXECUTE FUNCTION members_refuse_change();
CREATE TRIGGER member_merge_is_never_emptied BEFORE TRUNCATE ON members_membermerge
    FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_change();
CREATE TRIGGER member_unmerge_is_append_only BEFORE UPDATE OR DELETE ON members_memberunmerge
    FOR EACH ROW EXECUTE FUNCTION members_refuse_change();
CREATE TRIGGER member_unmerge_is_never_emptied BEFORE TRUNCATE ON members_memberunmerge
    FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_change();

REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON members_membermerge, members_memberunmerge FROM loyalty_app;
GRANT SELECT, INSERT ON members_membermerge, members_memberunmerge TO loyalty_app;
GRANT SELECT ON members_membermerge, members_memberunmerge TO loyalty_auditor;

-- No chain, no circle: who is pointed at is no alias, and an alias is pointed at by nobody. Looked at when the transaction ends,
-- under a lock that another merge of the same people waits for.
CREATE FUNCTION members_refuse_chain() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM members_member m WHERE m.id = NEW.merged_into_id FOR KEY SHARE;
    IF EXISTS (SELECT FROM members_member a JOIN members_member s ON s.id = a.merged_into_id
               WHERE (a.id = NEW.id OR a.merged_into_id = NEW.id) AND s.merged_into_id IS NOT NULL) THEN
        RAISE EXCEPTION 'a merge points at an alias' USING ERRCODE = 'integrity_constraint_violation',
            CONSTRAINT = 'an_alias_points_at_the_last_survivor';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION members_refuse_chain() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER an_alias_points_at_the_last_survivor AFTER INSERT OR UPDATE ON members_member
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.merged_into_id IS NOT NULL)
    EXECUTE FUNCTION members_refuse_chain();

-- A row that names an alias in one of the columns given is refused as a lost race: whoever writes it found the member before the
-- merge, and finds the survivor when it asks again. The lock waits for a merge that is under way, as its own lock on the
-- alias waits for us.
CREATE FUNCTION members_refuse_rows_of_alias() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_alias uuid;
BEGIN
    EXECUTE format(
        'WITH named AS MATERIALIZED ('
        '    SELECT m.id, m.merged_into_id FROM members_member m'
        '    WHERE m.id IN (SELECT %1$I FROM fresh UNION SELECT %2$I FROM fresh) ORDER BY m.id FOR KEY SHARE)'
        ' SELECT id FROM named WHERE merged_into_id IS NOT NULL LIMIT 1',
        TG_ARGV[0], TG_ARGV[TG_NARGS - 1]) INTO v_alias;
    IF v_alias IS NOT NULL THEN
        RAISE EXCEPTION 'member % of % was merged away', v_alias, TG_TABLE_NAME USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION members_refuse_rows_of_alias() FROM PUBLIC;

CREATE TRIGGER an_alias_gets_no_identity AFTER INSERT ON members_identity
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_rows_of_alias('member_id');
CREATE TRIGGER an_alias_gets_no_enrolment AFTER INSERT ON members_enrolment
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_rows_of_alias('member_id');
CREATE TRIGGER an_alias_gets_no_residency AFTER INSERT ON members_residency
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_rows_of_alias('member_id');
CREATE TRIGGER an_alias_gets_no_guardian AFTER INSERT ON members_guardianship
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_rows_of_alias('child_id', 'guardian_id');
CREATE TRIGGER an_alias_gets_no_place AFTER INSERT ON members_householdmember
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_rows_of_alias('member_id');
CREATE TRIGGER an_alias_gets_no_token AFTER INSERT ON members_membertoken
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_rows_of_alias('member_id');
