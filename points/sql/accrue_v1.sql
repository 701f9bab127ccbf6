-- Invariant: an accrual raises the wallet by exactly what its one new lot holds, and a source reference posts once.
-- Order: replay? · lock the wallet · posting · lot · entry. A debt is repaid before anything can be spent.

-- Outcomes: posted | replayed (same reference, same content) | reference_reused (same reference, other content).
CREATE FUNCTION points_accrue(
    p_member uuid, p_program integer, p_unit integer, p_points bigint, p_source_ref text,
    p_occurred_at timestamptz, p_available_at timestamptz, p_expires_at timestamptz,
    p_unit_cost numeric, p_actor text, p_rule text,
    OUT outcome text, OUT posting_id uuid
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    earlier points_posting;
    v_wallet bigint;
    v_debt bigint := 0;
    v_repaid bigint := 0;
    v_lot uuid := points_uuid7();
    v_expires timestamptz := coalesce(p_expires_at, 'infinity');
    v_now timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO earlier FROM points_posting
        WHERE unit_id = p_unit AND kind = 'accrual' AND source_ref = p_source_ref;
    IF FOUND THEN
        posting_id := earlier.id;
        outcome := CASE WHEN (earlier.member_id, earlier.program_id, earlier.points) = (p_member, p_program, p_points)
                        THEN 'replayed' ELSE 'reference_reused' END;
        RETURN;
    END IF;
    IF p_points NOT BETWEEN 1 AND 1000000000 THEN
        outcome := 'points_out_of_range';
        RETURN;
    END IF;

    -- The common wallet owes nothing: one statement locks and raises it.
    UPDATE points_wallet SET balance = balance + p_points
        WHERE member_id = p_member AND program_id = p_program AND debt = 0 RETURNING id INTO v_wallet;
    IF NOT FOUND THEN
        INSERT INTO points_wallet (member_id, program_id) VALUES (p_member, p_program)
            ON CONFLICT (member_id, program_id) DO NOTHING;
        SELECT id, debt INTO v_wallet, v_debt FROM points_wallet
            WHERE member_id = p_member AND program_id = p_program FOR NO KEY UPDATE;
        v_repaid := least(v_debt, p_points);
        UPDATE points_wallet SET balance = balance + p_points, debt = debt - v_repaid WHERE id = v_wallet;
    END IF;

    posting_id := points_uuid7();
    INSERT INTO points_posting (id, kind, unit_id, source_ref, member_id, program_id, points, occurred_at, posted_at,
                                actor, rule, digest)
    VALUES (posting_id, 'accrual', p_unit, p_source_ref, p_member, p_program, p_points, p_occurred_at, v_now,
            p_actor, p_rule,
            points_digest(
                points_posting_text(posting_id, 'accrual', p_unit, p_source_ref, p_member, p_program, p_points,
                                    p_occurred_at, v_now, p_actor, p_rule, NULL, NULL),
                points_entry_text(p_member, p_program, 'issued', p_unit, p_points),
                CASE WHEN v_repaid > 0 THEN points_draw_text(v_lot, v_repaid) END,
                points_lot_text(v_lot, p_unit, p_points, p_unit_cost, p_occurred_at, p_available_at, v_expires)));
    INSERT INTO points_lot (id, wallet_id, member_id, program_id, issuer_id, posting_id, points, remaining, unit_cost,
                            earned_at, available_at, expires_at, is_open)
    VALUES (v_lot, v_wallet, p_member, p_program, p_unit, posting_id, p_points, p_points - v_repaid, p_unit_cost,
            p_occurred_at, p_available_at, v_expires, p_points > v_repaid);
    INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
    VALUES (posting_id, p_member, v_wallet, p_program, 'issued', p_unit, p_points);
    IF v_repaid > 0 THEN
        INSERT INTO points_draw (posting_id, lot_id, member_id, points) VALUES (posting_id, v_lot, p_member, v_repaid);
    END IF;
    outcome := 'posted';
END $$;

-- One accrual of a batch, on its way through the statements below.
CREATE TYPE points_accrual AS (
    ord bigint, member_id uuid, program_id integer, unit_id integer, points bigint, source_ref text,
    occurred_at timestamptz, available_at timestamptz, expires_at timestamptz, unit_cost numeric, rule text,
    posting_id uuid, lot_id uuid
);

-- The batch twin: one set-based pass, answers in the order asked. All or nothing but for the named outcomes.
CREATE FUNCTION points_accrue_many(
    p_members uuid[], p_programs integer[], p_units integer[], p_points bigint[], p_source_refs text[],
    p_occurred_at timestamptz[], p_available_at timestamptz[], p_expires_at timestamptz[],
    p_unit_costs numeric[], p_actor text, p_rules text[]
) RETURNS TABLE (outcome text, posting_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_fresh points_accrual[];
    v_now timestamptz := clock_timestamp();
BEGIN
    -- What is new: the first of each reference in the batch that no posting carries yet.
    SELECT array_agg((f.ord, f.member_id, f.program_id, f.unit_id, f.points, f.source_ref, f.occurred_at,
                      f.available_at, coalesce(f.expires_at, 'infinity'), f.unit_cost, f.rule,
                      points_uuid7(), points_uuid7())::points_accrual ORDER BY f.ord)
    INTO v_fresh
    FROM (
        SELECT DISTINCT ON (a.unit_id, a.source_ref) a.*
        FROM unnest(p_members, p_programs, p_units, p_points, p_source_refs, p_occurred_at, p_available_at,
                    p_expires_at, p_unit_costs, p_rules) WITH ORDINALITY
             AS a (member_id, program_id, unit_id, points, source_ref, occurred_at, available_at, expires_at,
                   unit_cost, rule, ord)
        -- What is refused takes no reference from those after it.
        WHERE a.points BETWEEN 1 AND 1000000000
        ORDER BY a.unit_id, a.source_ref, a.ord
    ) f
    -- LATERAL with LIMIT: one index probe a row, whatever the planner believes of a table that grows.
    LEFT JOIN LATERAL (
        SELECT p.id FROM points_posting p
        WHERE p.unit_id = f.unit_id AND p.kind = 'accrual' AND p.source_ref = f.source_ref LIMIT 1) earlier ON true
    WHERE earlier.id IS NULL;

    IF v_fresh IS NOT NULL THEN
        INSERT INTO points_wallet (member_id, program_id)
            SELECT DISTINCT f.member_id, f.program_id FROM unnest(v_fresh) f
            WHERE NOT EXISTS (SELECT FROM points_wallet w
                              WHERE w.member_id = f.member_id AND w.program_id = f.program_id)
            ORDER BY 1, 2
            ON CONFLICT (member_id, program_id) DO NOTHING;
        PERFORM FROM points_wallet w
            JOIN (SELECT DISTINCT member_id, program_id FROM unnest(v_fresh)) f USING (member_id, program_id)
            ORDER BY w.id FOR NO KEY UPDATE OF w;

        -- The locks are held, so debts stand still. A debt is repaid by the batch's lots in the order asked.
        WITH fresh AS MATERIALIZED (
            SELECT f.*, w.id AS wallet_id,
                   greatest(0, least(f.points, w.debt - (sum(f.points) OVER mine - f.points)))::bigint AS repaid
            FROM unnest(v_fresh) f
            JOIN points_wallet w USING (member_id, program_id)
            WINDOW mine AS (PARTITION BY f.member_id, f.program_id ORDER BY f.ord)
        ), posted AS (
            INSERT INTO points_posting (id, kind, unit_id, source_ref, member_id, program_id, points, occurred_at,
                                        posted_at, actor, rule, digest)
            SELECT f.posting_id, 'accrual', f.unit_id, f.source_ref, f.member_id, f.program_id, f.points,
                   f.occurred_at, v_now, p_actor, f.rule,
                   points_digest(
                       points_posting_text(f.posting_id, 'accrual', f.unit_id, f.source_ref, f.member_id,
                                           f.program_id, f.points, f.occurred_at, v_now, p_actor, f.rule, NULL,
                                           NULL),
                       points_entry_text(f.member_id, f.program_id, 'issued', f.unit_id, f.points),
                       CASE WHEN f.repaid > 0 THEN points_draw_text(f.lot_id, f.repaid) END,
                       points_lot_text(f.lot_id, f.unit_id, f.points, f.unit_cost, f.occurred_at, f.available_at,
                                       f.expires_at))
            FROM fresh f ORDER BY f.unit_id, f.source_ref
        ), lots AS (
            INSERT INTO points_lot (id, wallet_id, member_id, program_id, issuer_id, posting_id, points, remaining,
                                    unit_cost, earned_at, available_at, expires_at, is_open)
            SELECT f.lot_id, f.wallet_id, f.member_id, f.program_id, f.unit_id, f.posting_id, f.points,
                   f.points - f.repaid, f.unit_cost, f.occurred_at, f.available_at, f.expires_at, f.points > f.repaid
            FROM fresh f
        ), entries AS (
            INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
            SELECT f.posting_id, f.member_id, f.wallet_id, f.program_id, 'issued', f.unit_id, f.points FROM fresh f
        ), draws AS (
            INSERT INTO points_draw (posting_id, lot_id, member_id, points)
            SELECT f.posting_id, f.lot_id, f.member_id, f.repaid FROM fresh f WHERE f.repaid > 0
        )
        UPDATE points_wallet w SET balance = w.balance + s.points, debt = w.debt - s.repaid
        FROM (SELECT wallet_id, sum(points) AS points, sum(repaid) AS repaid FROM fresh GROUP BY wallet_id) s
        WHERE w.id = s.wallet_id;
    END IF;

    RETURN QUERY
        SELECT CASE
                   WHEN f.ord IS NOT NULL THEN 'posted'
                   WHEN a.points NOT BETWEEN 1 AND 1000000000 THEN 'points_out_of_range'
                   WHEN (p.member_id, p.program_id, p.points) = (a.member_id, a.program_id, a.points) THEN 'replayed'
                   ELSE 'reference_reused'
               END,
               coalesce(f.posting_id, CASE WHEN a.points BETWEEN 1 AND 1000000000 THEN p.id END)
        FROM unnest(p_members, p_programs, p_units, p_points, p_source_refs) WITH ORDINALITY
             AS a (member_id, program_id, unit_id, points, source_ref, ord)
        LEFT JOIN unnest(v_fresh) f ON f.ord = a.ord
        LEFT JOIN LATERAL (
            SELECT p.id, p.member_id, p.program_id, p.points FROM points_posting p
            WHERE f.ord IS NULL AND p.unit_id = a.unit_id AND p.kind = 'accrual' AND p.source_ref = a.source_ref
            LIMIT 1) p ON true
        ORDER BY a.ord;
END $$;
