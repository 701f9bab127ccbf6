-- Invariant: a version of an earn rule is never rewritten: only its end moves; what was proposed is decided once, as it was asked.
CREATE FUNCTION activities_rule_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) - 'during' <> to_jsonb(NEW) - 'during' OR lower(OLD.during) IS DISTINCT FROM lower(NEW.during) THEN
        RAISE EXCEPTION 'a version of an earn rule stands as it was approved' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER activities_rule_stands BEFORE UPDATE ON activities_earnrule
    FOR EACH ROW EXECUTE FUNCTION activities_rule_stands();

CREATE TRIGGER points_decide_once BEFORE INSERT OR UPDATE OR DELETE ON activities_earnruleproposal
    FOR EACH ROW EXECUTE FUNCTION points_decide_once('proposed', '{state,decided_by_id,decided_at,note,version}');
CREATE TRIGGER points_never_emptied BEFORE TRUNCATE ON activities_earnruleproposal
    FOR EACH STATEMENT EXECUTE FUNCTION points_decide_once('proposed', '{}');
