-- Invariant: what a unit reported stays as it was reported. What was refunded of a sale is the sum of the refunds that name
-- it and never more than the sale; an anonymous sale gets the member who claims it once, and its refunds with it.

-- Only the member (from nobody to somebody), the claim, the sum refunded and the columns beside the content may be written later.
CREATE FUNCTION activities_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an activity stays as it was reported: %', OLD.source_ref USING ERRCODE = 'restrict_violation';
END $$;
REVOKE ALL ON FUNCTION activities_refuse_rewriting() FROM PUBLIC;

CREATE TRIGGER activity_stays_as_reported BEFORE UPDATE ON activities_activity FOR EACH ROW
WHEN ((OLD.id, OLD.unit_id, OLD.source_ref, OLD.kind, OLD.occurred_at, OLD.amount, OLD.currency, OLD.category,
       OLD.paid_with_points, OLD.refund_of, OLD.lines_sha256)
      IS DISTINCT FROM
      (NEW.id, NEW.unit_id, NEW.source_ref, NEW.kind, NEW.occurred_at, NEW.amount, NEW.currency, NEW.category,
       NEW.paid_with_points, NEW.refund_of, NEW.lines_sha256)
      OR (OLD.outlet_id, OLD.quantity, OLD.period_starts_on, OLD.period_ends_on, OLD.reported_by)
      IS DISTINCT FROM
      (NEW.outlet_id, NEW.quantity, NEW.period_starts_on, NEW.period_ends_on, NEW.reported_by)
      OR (OLD.member_id IS NOT NULL AND OLD.member_id IS DISTINCT FROM NEW.member_id)
      OR (OLD.claimed_at IS NOT NULL AND (OLD.claimed_at, OLD.claimed_by) IS DISTINCT FROM (NEW.claimed_at, NEW.claimed_by)))
EXECUTE FUNCTION activities_refuse_rewriting();

CREATE TRIGGER activity_is_kept BEFORE DELETE ON activities_activity FOR EACH ROW
EXECUTE FUNCTION activities_refuse_rewriting();

-- The sum is the database's own: every door that writes a refund counts it, and the check on the sale refuses what is too much.
CREATE FUNCTION activities_count_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE activities_activity SET refunded = refunded + NEW.amount
        WHERE unit_id = NEW.unit_id AND source_ref = NEW.refund_of AND kind NOT IN ('refund', 'return');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a refund without its sale: %', NEW.source_ref USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION activities_count_refund() FROM PUBLIC;

CREATE TRIGGER activity_refund_is_counted AFTER INSERT ON activities_activity FOR EACH ROW
WHEN (NEW.kind = 'refund') EXECUTE FUNCTION activities_count_refund();

-- What is there already.
UPDATE activities_activity s SET refunded = r.amount
    FROM (SELECT unit_id, refund_of, sum(amount) AS amount FROM activities_activity WHERE kind = 'refund' GROUP BY 1, 2) r
    WHERE s.unit_id = r.unit_id AND s.source_ref = r.refund_of AND s.kind <> 'refund';
