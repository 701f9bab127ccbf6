-- Invariant: the lines of an activity add up to its amount, and stay. What was refunded of a line is the sum of the refunds'
-- lines of its number, never more than the line.
CREATE FUNCTION activities_check_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_wrong text;
BEGIN
    SELECT a.source_ref INTO v_wrong
        FROM (SELECT DISTINCT activity_id FROM fresh) f
        JOIN activities_activity a ON a.id = f.activity_id
        WHERE a.amount <> (SELECT sum(l.amount) FROM activities_activityline l WHERE l.activity_id = a.id)
        LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the lines do not add up: %', v_wrong USING ERRCODE = 'check_violation';
    END IF;
    -- The sale's lines, where these are a refund's. One that names a line that is not there adds up to less than it says.
    WITH given AS (
        SELECT s.id AS sale_id, f.number, sum(f.amount) AS amount, count(*) AS lines
        FROM fresh f
        JOIN activities_activity r ON r.id = f.activity_id AND r.kind = 'refund'
        JOIN activities_activity s ON s.unit_id = r.unit_id AND s.source_ref = r.refund_of
        GROUP BY 1, 2
    ), counted AS (
        UPDATE activities_activityline l SET refunded = l.refunded + g.amount
            FROM given g WHERE l.activity_id = g.sale_id AND l.number = g.number
            RETURNING 1
    )
    SELECT 'line' INTO v_wrong WHERE (SELECT count(*) FROM given) <> (SELECT count(*) FROM counted);
    IF FOUND THEN
        RAISE EXCEPTION 'a refund of a line that its sale does not have' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION activities_check_lines() FROM PUBLIC;

CREATE TRIGGER activity_lines_add_up AFTER INSERT ON activities_activityline REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION activities_check_lines();

CREATE FUNCTION activities_keep_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a line stays as it was reported' USING ERRCODE = 'restrict_violation';
END $$;
REVOKE ALL ON FUNCTION activities_keep_line() FROM PUBLIC;

CREATE TRIGGER activity_line_stays BEFORE UPDATE ON activities_activityline FOR EACH ROW
WHEN ((OLD.id, OLD.activity_id, OLD.number, OLD.item, OLD.category, OLD.quantity, OLD.amount)
      IS DISTINCT FROM (NEW.id, NEW.activity_id, NEW.number, NEW.item, NEW.category, NEW.quantity, NEW.amount))
EXECUTE FUNCTION activities_keep_line();
CREATE TRIGGER activity_line_is_kept BEFORE DELETE ON activities_activityline FOR EACH ROW
EXECUTE FUNCTION activities_keep_line();
