-- Invariant: the entitlement ledger only grows; in each right and period every entry follows the last and seals it.
CREATE FUNCTION benefits_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
REVOKE ALL ON FUNCTION benefits_refuse_change() FROM PUBLIC;

-- Every column but the digest, spelled the same whatever the session's time zone or style of dates.
CREATE FUNCTION benefits_entry_text(e benefits_entitlemententry) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws('|', e.id, e.entitlement, to_char(e.period_starts_on, 'YYYY-MM-DD'),
        coalesce(to_char(e.period_ends_on, 'YYYY-MM-DD'), '-'), e.place, e.kind, e.amount, e.given, e.elsewhere,
        e.taken_before, e.taken_after, coalesce(e.of_id::text, '-'),
        coalesce(extract(epoch FROM e.hold_until)::text, '-'), e.holder_id, e.member_id,
        coalesce(e.rule_id::text, '-'), coalesce(e.grant_id::text, '-'), coalesce(e.residency_id::text, '-'),
        e.version_id, e.provider_id, e.unit_id, coalesce(e.venue_id::text, '-'), coalesce(e.outlet_id::text, '-'),
        e.payer, e.unit_value, e.value, e.currency, e.source_ref, e.actor, e.reason,
        extract(epoch FROM e.at)::text)
$$;
REVOKE ALL ON FUNCTION benefits_entry_text(benefits_entitlemententry) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION benefits_entry_text(benefits_entitlemententry) TO loyalty_app, loyalty_auditor;

CREATE FUNCTION benefits_chain_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last benefits_entitlemententry;
    origin benefits_entitlemententry;
    restored numeric;
    change numeric := NEW.amount;
BEGIN
    SELECT * INTO last FROM benefits_entitlemententry
    WHERE entitlement = NEW.entitlement AND period_starts_on = NEW.period_starts_on
    ORDER BY place DESC LIMIT 1;
    IF NEW.of_id IS NOT NULL THEN
        SELECT * INTO origin FROM benefits_entitlemententry WHERE id = NEW.of_id;
        IF NOT FOUND OR (origin.entitlement, origin.period_starts_on) <> (NEW.entitlement, NEW.period_starts_on) THEN
            RAISE EXCEPTION 'an entry follows one of its own right and period' USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.kind = 'restore' THEN
            SELECT coalesce(sum(amount), 0) INTO restored FROM benefits_entitlemententry
            WHERE of_id = NEW.of_id AND kind = 'restore';
            IF origin.kind <> 'use' OR restored + NEW.amount > origin.amount THEN
                RAISE EXCEPTION 'no more is restored than was used' USING ERRCODE = 'check_violation';
            END IF;
            change := -NEW.amount;
        ELSE
            IF origin.kind <> 'hold' OR NEW.amount > origin.amount
               OR NEW.kind = 'release' AND NEW.amount <> origin.amount THEN
                RAISE EXCEPTION 'no more is taken or released than was held' USING ERRCODE = 'check_violation';
            END IF;
            change := CASE NEW.kind WHEN 'use' THEN NEW.amount ELSE 0 END - origin.amount;
        END IF;
    END IF;
    NEW.place := coalesce(last.place, 0) + 1;
    NEW.taken_before := coalesce(last.taken_after, 0);
    NEW.taken_after := NEW.taken_before + change;
    NEW.digest := sha256(coalesce(last.digest, ''::bytea) || convert_to(benefits_entry_text(NEW), 'UTF8'));
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION benefits_chain_entry() FROM PUBLIC;

CREATE TRIGGER entitlement_entry_follows_the_last BEFORE INSERT ON benefits_entitlemententry
    FOR EACH ROW EXECUTE FUNCTION benefits_chain_entry();
CREATE TRIGGER entitlement_entry_is_append_only BEFORE UPDATE OR DELETE ON benefits_entitlemententry
    FOR EACH ROW EXECUTE FUNCTION benefits_refuse_change();
CREATE TRIGGER entitlement_entry_is_never_emptied BEFORE TRUNCATE ON benefits_entitlemententry
    FOR EACH STATEMENT EXECUTE FUNCTION benefits_refuse_change();
CREATE TRIGGER entitlement_grant_is_append_only BEFORE UPDATE OR DELETE ON benefits_entitlementgrant
    FOR EACH ROW EXECUTE FUNCTION benefits_refuse_change();
CREATE TRIGGER entitlement_grant_is_never_emptied BEFORE TRUNCATE ON benefits_entitlementgrant
    FOR EACH STATEMENT EXECUTE FUNCTION benefits_refuse_change();
CREATE TRIGGER grant_end_is_append_only BEFORE UPDATE OR DELETE ON benefits_grantend
    FOR EACH ROW EXECUTE FUNCTION benefits_refuse_change();
CREATE TRIGGER grant_end_is_never_emptied BEFORE TRUNCATE ON benefits_grantend
    FOR EACH STATEMENT EXECUTE FUNCTION benefits_refuse_change();
CREATE TRIGGER spent_code_is_append_only BEFORE UPDATE OR DELETE ON benefits_spentcode
    FOR EACH ROW EXECUTE FUNCTION benefits_refuse_change();
CREATE TRIGGER spent_code_is_never_emptied BEFORE TRUNCATE ON benefits_spentcode
    FOR EACH STATEMENT EXECUTE FUNCTION benefits_refuse_change();

-- A published version or rule says for ever what it said: only its time in force moves.
CREATE TRIGGER benefit_version_is_fixed BEFORE UPDATE OF
        id, benefit_id, version, name_zh, name_en, terms_zh, terms_en, payer, unit_value, currency, weekdays,
        opens_at, closes_at, published_by
    ON benefits_benefitversion FOR EACH ROW EXECUTE FUNCTION benefits_refuse_change();
CREATE TRIGGER honouring_place_is_fixed BEFORE UPDATE ON benefits_honouringplace
    FOR EACH ROW EXECUTE FUNCTION benefits_refuse_change();
CREATE TRIGGER blackout_is_fixed BEFORE UPDATE ON benefits_blackout
    FOR EACH ROW EXECUTE FUNCTION benefits_refuse_change();
CREATE TRIGGER entitlement_rule_is_fixed BEFORE UPDATE OF
        id, code, version, benefit_id, tier_id, role, unit_id, venue_id, enrolled_at_id, in_birth_month,
        fact_set_id, amount, period, zone, sharing, is_pro_rata, published_by
    ON benefits_entitlementrule FOR EACH ROW EXECUTE FUNCTION benefits_refuse_change();

-- A grant by hand is asked first and decided once, as points by hand are (points/sql/approvals_v1.sql).
CREATE TRIGGER benefits_decide_once BEFORE INSERT OR UPDATE OR DELETE ON benefits_grantrequest
    FOR EACH ROW EXECUTE FUNCTION points_decide_once('asked', '{state,decided_by_id,decided_at,note,grant_id}');
CREATE TRIGGER benefits_never_emptied BEFORE TRUNCATE ON benefits_grantrequest
    FOR EACH STATEMENT EXECUTE FUNCTION points_decide_once('asked', '{}');

REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER
    ON benefits_entitlemententry, benefits_entitlementgrant, benefits_grantend, benefits_spentcode FROM loyalty_app;
GRANT SELECT, INSERT
    ON benefits_entitlemententry, benefits_entitlementgrant, benefits_grantend, benefits_spentcode TO loyalty_app;
GRANT SELECT
    ON benefits_entitlemententry, benefits_entitlementgrant, benefits_grantend, benefits_spentcode,
       benefits_entitlementrule, benefits_benefitversion TO loyalty_auditor;
