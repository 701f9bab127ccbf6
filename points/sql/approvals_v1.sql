-- Invariant: what one person asks for is asked first and decided once; a decision, and what was decided on, never changes.
-- That the one who decides is another person is a CHECK of each table; this keeps the row from being decided again.
CREATE FUNCTION points_decide_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_waiting text := TG_ARGV[0];
    v_decision text[] := TG_ARGV[1]::text[];
BEGIN
    IF TG_OP IN ('DELETE', 'TRUNCATE') THEN
        RAISE EXCEPTION '% keeps what was asked', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> v_waiting THEN
            RAISE EXCEPTION '% is asked before it is decided', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    -- A rate that was withdrawn before it began leaves the proposal that made it.
    IF to_jsonb(OLD) - 'rate_id' = to_jsonb(NEW) - 'rate_id' AND to_jsonb(NEW) -> 'rate_id' = 'null' THEN
        RETURN NEW;
    END IF;
    IF OLD.state <> v_waiting THEN
        RAISE EXCEPTION '% was decided', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(OLD) - v_decision <> to_jsonb(NEW) - v_decision THEN
        RAISE EXCEPTION '% is decided as it was asked', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER points_decide_once BEFORE INSERT OR UPDATE OR DELETE ON points_adjustmentrequest
    FOR EACH ROW EXECUTE FUNCTION points_decide_once('asked', '{state,decided_by_id,decided_at,note,posting_id}');
CREATE TRIGGER points_never_emptied BEFORE TRUNCATE ON points_adjustmentrequest
    FOR EACH STATEMENT EXECUTE FUNCTION points_decide_once('asked', '{}');
CREATE TRIGGER points_decide_once BEFORE INSERT OR UPDATE OR DELETE ON points_rateproposal
    FOR EACH ROW EXECUTE FUNCTION points_decide_once('proposed', '{state,decided_by_id,decided_at,note,rate_id,version}');
CREATE TRIGGER points_never_emptied BEFORE TRUNCATE ON points_rateproposal
    FOR EACH STATEMENT EXECUTE FUNCTION points_decide_once('proposed', '{}');

-- Rates of the time before approvals get their number by the order in which they were published.
UPDATE points_exchangerate r SET version = n.version
    FROM (SELECT id, row_number() OVER (PARTITION BY source_id, target_id ORDER BY id) AS version FROM points_exchangerate) n
    WHERE n.id = r.id;
