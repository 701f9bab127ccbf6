-- Invariant: the terms of a tier scheme are fixed once it is proposed, and a decided one stays as decided.
CREATE FUNCTION activities_scheme_is_a_draft() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked integer := CASE WHEN TG_OP = 'DELETE' THEN OLD.scheme_id ELSE NEW.scheme_id END;
BEGIN
    -- The lock makes who edits a part and who proposes the whole come one after the other.
    PERFORM 1 FROM activities_tierscheme WHERE id = asked AND state = 'draft' FOR NO KEY UPDATE;
    IF NOT FOUND OR (TG_OP = 'UPDATE' AND OLD.scheme_id <> NEW.scheme_id) THEN
        RAISE EXCEPTION 'the terms of tier scheme % are fixed', asked USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
REVOKE ALL ON FUNCTION activities_scheme_is_a_draft() FROM PUBLIC;

CREATE TRIGGER level_terms_of_a_draft BEFORE INSERT OR UPDATE OR DELETE ON activities_levelterms
    FOR EACH ROW EXECUTE FUNCTION activities_scheme_is_a_draft();
CREATE TRIGGER credit_rules_of_a_draft BEFORE INSERT OR UPDATE OR DELETE ON activities_creditrule
    FOR EACH ROW EXECUTE FUNCTION activities_scheme_is_a_draft();
CREATE TRIGGER role_terms_of_a_draft BEFORE INSERT OR UPDATE OR DELETE ON activities_roleterms
    FOR EACH ROW EXECUTE FUNCTION activities_scheme_is_a_draft();
CREATE TRIGGER tier_matches_of_a_draft BEFORE INSERT OR UPDATE OR DELETE ON activities_unittiermatch
    FOR EACH ROW EXECUTE FUNCTION activities_scheme_is_a_draft();

CREATE FUNCTION activities_scheme_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'tier scheme % is kept', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state IN ('approved', 'rejected', 'withdrawn')
        OR (OLD.state = 'proposed' AND (
            NEW.state NOT IN ('approved', 'rejected', 'withdrawn')
            OR (NEW.version, NEW.starts_on, NEW."window", NEW.window_months, NEW.validity_months, NEW.grace_days,
                NEW.refund_days, NEW.made_by_id)
               IS DISTINCT FROM
               (OLD.version, OLD.starts_on, OLD."window", OLD.window_months, OLD.validity_months, OLD.grace_days,
                OLD.refund_days, OLD.made_by_id)))
    THEN
        RAISE EXCEPTION 'tier scheme % was proposed or decided on: % refused', OLD.id, TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION activities_scheme_moves_on() FROM PUBLIC;

CREATE TRIGGER tier_scheme_moves_on BEFORE UPDATE OR DELETE ON activities_tierscheme
    FOR EACH ROW EXECUTE FUNCTION activities_scheme_moves_on();
