-- Invariant: an accrual raises the wallet by exactly what its one new lot holds, and a source reference posts once.
-- Order: replay? · lock the wallet · instant and id · posting · lot · entry. A debt is repaid before anything can be spent.
-- Since version 1: the instant is taken under the lock (seals cut by it), a lot may roll, and the common accrual spells its
-- digest out, since a function call for each part of the text was a fifth of its cost. The audit makes it by the functions.

DROP FUNCTION points_accrue(uuid, integer, integer, bigint, text, timestamptz, timestamptz, timestamptz, numeric, text, text);
DROP FUNCTION points_accrue_many(uuid[], integer[], integer[], bigint[], text[], timestamptz[], timestamptz[], timestamptz[],
                                 numeric[], text, text[]);
DROP TYPE points_accrual;

-- Outcomes: posted | replayed (same reference, same content) | reference_reused (same reference, other content) |
-- points_out_of_range. A lot that rolls renews what lives of its wallet's rolling lots.
CREATE FUNCTION points_accrue(
    p_member uuid, p_program integer, p_unit integer, p_points bigint, p_source_ref text,
    p_occurred_at timestamptz, p_available_at timestamptz, p_expires_at timestamptz,
    p_unit_cost numeric, p_actor text, p_rule text, p_rolls boolean DEFAULT false,
    OUT outcome text, OUT posting_id uuid
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_wallet bigint;
    v_now timestamptz;
BEGIN
    -- The common wallet owes nothing and the reference is new: one statement looks, locks and raises. A twin that waits
    -- for the wallet meets the first one's reference at the insert, and is asked again.
    UPDATE points_wallet SET balance = balance + p_points
        WHERE member_id = p_member AND program_id = p_program AND debt = 0 AND NOT p_rolls
          AND p_points BETWEEN 1 AND 1000000000
          AND NOT EXISTS (SELECT FROM points_posting p
                          WHERE p.unit_id = p_unit AND p.kind = 'accrual' AND p.source_ref = p_source_ref)
        RETURNING id, clock_timestamp(), points_uuid7(), 'posted' INTO v_wallet, v_now, posting_id, outcome;
    IF NOT FOUND THEN
        SELECT a.outcome, a.posting_id INTO outcome, posting_id
        FROM points_accrue_rarely(p_member, p_program, p_unit, p_points, p_source_ref, p_occurred_at, p_available_at,
                                  coalesce(p_expires_at, 'infinity'), p_unit_cost, p_actor, p_rule, p_rolls) a;
        RETURN;
    END IF;
    -- The one lot of an accrual carries its posting's id.
    INSERT INTO points_posting (id, kind, unit_id, source_ref, member_id, program_id, points, occurred_at, posted_at,
                                actor, rule, digest)
    VALUES (posting_id, 'accrual', p_unit, p_source_ref, p_member, p_program, p_points, p_occurred_at, v_now,
            p_actor, p_rule,
            sha256(convert_to(concat(
                posting_id, '|accrual|', p_unit, '|', p_member, '|', p_program, '|', p_points, '|',
                extract(epoch FROM p_occurred_at), '|', extract(epoch FROM v_now), '|', length(p_source_ref), '|',
                p_source_ref, '|', length(p_actor), '|', p_actor, '|', length(p_rule), '|', p_rule, E'\n\n',
                p_member, '|', p_program, '|issued|', p_unit, '|', p_points, E'\n\n\n\n',
                posting_id, '|', p_unit, '|', p_points, '|', trim_scale(round(p_unit_cost, 6)), '|',
                extract(epoch FROM p_occurred_at), '|', extract(epoch FROM p_available_at), '|',
                extract(epoch FROM coalesce(p_expires_at, 'infinity'))), 'UTF8')));
    INSERT INTO points_lot (id, wallet_id, member_id, program_id, issuer_id, posting_id, points, remaining, unit_cost,
                            earned_at, available_at, expires_at, is_open)
    VALUES (posting_id, v_wallet, p_member, p_program, p_unit, posting_id, p_points, p_points, p_unit_cost,
            p_occurred_at, p_available_at, coalesce(p_expires_at, 'infinity'), true);
    INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
    VALUES (posting_id, p_member, v_wallet, p_program, 'issued', p_unit, p_points);
END $$;

-- What the one statement could not do: a replay, a refusal, a first accrual of a wallet, a debt to repay, lots that roll.
CREATE FUNCTION points_accrue_rarely(
    p_member uuid, p_program integer, p_unit integer, p_points bigint, p_source_ref text,
    p_occurred_at timestamptz, p_available_at timestamptz, p_expires_at timestamptz,
    p_unit_cost numeric, p_actor text, p_rule text, p_rolls boolean,
    OUT outcome text, OUT posting_id uuid
) LANGUAGE plpgsql AS $$
DECLARE
    earlier record;
    v_wallet bigint;
    v_debt bigint;
    v_repaid bigint;
    v_now timestamptz;
    v_renewals jsonb;
BEGIN
    SELECT p.id, p.member_id, p.program_id, p.points INTO earlier FROM points_posting p
        WHERE p.unit_id = p_unit AND p.kind = 'accrual' AND p.source_ref = p_source_ref;
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

    INSERT INTO points_wallet (member_id, program_id) VALUES (p_member, p_program)
        ON CONFLICT (member_id, program_id) DO NOTHING;
    SELECT w.id, w.debt INTO v_wallet, v_debt FROM points_wallet w
        WHERE w.member_id = p_member AND w.program_id = p_program FOR NO KEY UPDATE;
    v_repaid := least(v_debt, p_points);
    UPDATE points_wallet SET balance = balance + p_points, debt = debt - v_repaid WHERE id = v_wallet;
    v_now := clock_timestamp();
    posting_id := points_uuid7();
    IF p_rolls THEN
        v_renewals := jsonb_build_object('renews_until', points_renewals(p_program, p_expires_at));
    END IF;
    INSERT INTO points_posting (id, kind, unit_id, source_ref, member_id, program_id, points, occurred_at, posted_at,
                                actor, rule, detail, digest)
    VALUES (posting_id, 'accrual', p_unit, p_source_ref, p_member, p_program, p_points, p_occurred_at, v_now,
            p_actor, p_rule, v_renewals,
            points_digest(
                points_posting_text(posting_id, 'accrual', p_unit, p_source_ref, p_member, p_program, p_points,
                                    p_occurred_at, v_now, p_actor, p_rule, NULL, v_renewals),
                points_entry_text(p_member, p_program, 'issued', p_unit, p_points),
                CASE WHEN v_repaid > 0 THEN points_draw_text(posting_id, v_repaid) END,
                points_lot_text(posting_id, p_unit, p_points, p_unit_cost, p_occurred_at, p_available_at,
                                CASE WHEN NOT p_rolls THEN p_expires_at END)));
    INSERT INTO points_lot (id, wallet_id, member_id, program_id, issuer_id, posting_id, points, remaining, unit_cost,
                            earned_at, available_at, expires_at, rolls, is_open)
    VALUES (posting_id, v_wallet, p_member, p_program, p_unit, posting_id, p_points, p_points - v_repaid, p_unit_cost,
            p_occurred_at, p_available_at, p_expires_at, p_rolls, p_points > v_repaid);
    INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
    VALUES (posting_id, p_member, v_wallet, p_program, 'issued', p_unit, p_points);
    IF v_repaid > 0 THEN
        INSERT INTO points_draw (posting_id, lot_id, member_id, points)
        VALUES (posting_id, posting_id, p_member, v_repaid);
    END IF;
    IF p_rolls THEN
        PERFORM points_renew(p_member, v_renewals -> 'renews_until', p_occurred_at);
    END IF;
    outcome := 'posted';
END $$;

-- One accrual of a batch, on its way through the statements below.
CREATE TYPE points_accrual AS (
    ord bigint, member_id uuid, program_id integer, unit_id integer, points bigint, source_ref text,
    occurred_at timestamptz, available_at timestamptz, expires_at timestamptz, unit_cost numeric, rule text,
    rolls boolean
);

-- The batch twin: one set-based pass, answers in the order asked. All or nothing but for the named outcomes.
CREATE FUNCTION points_accrue_many(
    p_members uuid[], p_programs integer[], p_units integer[], p_points bigint[], p_source_refs text[],
    p_occurred_at timestamptz[], p_available_at timestamptz[], p_expires_at timestamptz[],
    p_unit_costs numeric[], p_actor text, p_rules text[], p_rolls boolean[] DEFAULT NULL
) RETURNS TABLE (outcome text, posting_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_fresh points_accrual[];
    v_ids uuid[];
    v_now timestamptz;
    v_one points_accrual;
BEGIN
    -- What is new: the first of each reference in the batch that no posting carries yet.
    SELECT array_agg((f.ord, f.member_id, f.program_id, f.unit_id, f.points, f.source_ref, f.occurred_at,
                      f.available_at, coalesce(f.expires_at, 'infinity'), f.unit_cost, f.rule,
                      coalesce(f.rolls, false))::points_accrual ORDER BY f.ord)
    INTO v_fresh
    FROM (
        SELECT DISTINCT ON (a.unit_id, a.source_ref) a.*
        FROM unnest(p_members, p_programs, p_units, p_points, p_source_refs, p_occurred_at, p_available_at,
                    p_expires_at, p_unit_costs, p_rules, p_rolls) WITH ORDINALITY
             AS a (member_id, program_id, unit_id, points, source_ref, occurred_at, available_at, expires_at,
                   unit_cost, rule, rolls, ord)
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
        v_now := clock_timestamp();
        SELECT array_agg(points_uuid7() ORDER BY ord) INTO v_ids FROM generate_subscripts(v_fresh, 1) AS ord;

        -- The locks are held, so debts stand still. A debt is repaid by the batch's lots in the order asked.
        WITH fresh AS MATERIALIZED (
            SELECT f.*, i.id AS posting_id, w.id AS wallet_id,
                   CASE WHEN f.rolls THEN jsonb_build_object('renews_until', points_renewals(f.program_id, f.expires_at))
                   END AS detail,
                   CASE WHEN w.debt = 0 THEN 0
                        ELSE greatest(0, least(f.points, w.debt - (sum(f.points) OVER mine - f.points)))
                   END::bigint AS repaid
            FROM unnest(v_fresh) WITH ORDINALITY
                 AS f (ord, member_id, program_id, unit_id, points, source_ref, occurred_at, available_at, expires_at,
                       unit_cost, rule, rolls, place)
            JOIN unnest(v_ids) WITH ORDINALITY AS i (id, place) USING (place)
            JOIN points_wallet w USING (member_id, program_id)
            WINDOW mine AS (PARTITION BY f.member_id, f.program_id ORDER BY f.ord)
        ), posted AS (
            INSERT INTO points_posting (id, kind, unit_id, source_ref, member_id, program_id, points, occurred_at,
                                        posted_at, actor, rule, detail, digest)
            SELECT f.posting_id, 'accrual', f.unit_id, f.source_ref, f.member_id, f.program_id, f.points,
                   f.occurred_at, v_now, p_actor, f.rule, f.detail,
                   sha256(convert_to(concat(
                       f.posting_id, '|accrual|', f.unit_id, '|', f.member_id, '|', f.program_id, '|', f.points, '|',
                       extract(epoch FROM f.occurred_at), '|', extract(epoch FROM v_now), '|', length(f.source_ref),
                       '|', f.source_ref, '|', length(p_actor), '|', p_actor, '|', length(f.rule), '|', f.rule,
                       '|' || f.detail::text, E'\n\n',
                       f.member_id, '|', f.program_id, '|issued|', f.unit_id, '|', f.points, E'\n\n',
                       CASE WHEN f.repaid > 0 THEN concat(f.posting_id, '|', f.repaid) END, E'\n\n',
                       f.posting_id, '|', f.unit_id, '|', f.points, '|', trim_scale(round(f.unit_cost, 6)), '|',
                       extract(epoch FROM f.occurred_at), '|', extract(epoch FROM f.available_at),
                       CASE WHEN NOT f.rolls THEN '|' || extract(epoch FROM f.expires_at) END), 'UTF8'))
            FROM fresh f ORDER BY f.unit_id, f.source_ref
        ), lots AS (
            INSERT INTO points_lot (id, wallet_id, member_id, program_id, issuer_id, posting_id, points, remaining,
                                    unit_cost, earned_at, available_at, expires_at, rolls, is_open)
            SELECT f.posting_id, f.wallet_id, f.member_id, f.program_id, f.unit_id, f.posting_id, f.points,
                   f.points - f.repaid, f.unit_cost, f.occurred_at, f.available_at, f.expires_at, f.rolls,
                   f.points > f.repaid
            FROM fresh f
        ), entries AS (
            INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
            SELECT f.posting_id, f.member_id, f.wallet_id, f.program_id, 'issued', f.unit_id, f.points FROM fresh f
        ), draws AS (
            INSERT INTO points_draw (posting_id, lot_id, member_id, points)
            SELECT f.posting_id, f.posting_id, f.member_id, f.repaid FROM fresh f WHERE f.repaid > 0
        )
        UPDATE points_wallet w SET balance = w.balance + s.points, debt = w.debt - s.repaid
        FROM (SELECT wallet_id, sum(points) AS points, sum(repaid) AS repaid FROM fresh GROUP BY wallet_id) s
        WHERE w.id = s.wallet_id;
        -- Now that all lots stand: those of one batch renew one another as well.
        IF true = ANY (p_rolls) THEN
            FOREACH v_one IN ARRAY v_fresh LOOP
                IF v_one.rolls THEN
                    PERFORM points_renew(v_one.member_id, points_renewals(v_one.program_id, v_one.expires_at),
                                         v_one.occurred_at);
                END IF;
            END LOOP;
        END IF;
    END IF;

    RETURN QUERY
        SELECT CASE
                   WHEN f.id IS NOT NULL THEN 'posted'
                   WHEN a.points NOT BETWEEN 1 AND 1000000000 THEN 'points_out_of_range'
                   WHEN (p.member_id, p.program_id, p.points) = (a.member_id, a.program_id, a.points) THEN 'replayed'
                   ELSE 'reference_reused'
               END,
               coalesce(f.id, CASE WHEN a.points BETWEEN 1 AND 1000000000 THEN p.id END)
        FROM unnest(p_members, p_programs, p_units, p_points, p_source_refs) WITH ORDINALITY
             AS a (member_id, program_id, unit_id, points, source_ref, ord)
        LEFT JOIN (SELECT n.ord, i.id FROM unnest(v_fresh) WITH ORDINALITY
                       AS n (ord, member_id, program_id, unit_id, points, source_ref, occurred_at, available_at,
                             expires_at, unit_cost, rule, rolls, place)
                   JOIN unnest(v_ids) WITH ORDINALITY AS i (id, place) USING (place)) f ON f.ord = a.ord
        LEFT JOIN LATERAL (
            SELECT p.id, p.member_id, p.program_id, p.points FROM points_posting p
            WHERE f.id IS NULL AND p.unit_id = a.unit_id AND p.kind = 'accrual' AND p.source_ref = a.source_ref
            LIMIT 1) p ON true
        ORDER BY a.ord;
END $$;

REVOKE ALL ON FUNCTION
    points_accrue(uuid, integer, integer, bigint, text, timestamptz, timestamptz, timestamptz, numeric, text, text, boolean),
    points_accrue_rarely(uuid, integer, integer, bigint, text, timestamptz, timestamptz, timestamptz, numeric, text, text,
                         boolean),
    points_accrue_many(uuid[], integer[], integer[], bigint[], text[], timestamptz[], timestamptz[], timestamptz[],
                       numeric[], text, text[], boolean[])
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    points_accrue(uuid, integer, integer, bigint, text, timestamptz, timestamptz, timestamptz, numeric, text, text, boolean),
    points_accrue_many(uuid[], integer[], integer[], bigint[], text[], timestamptz[], timestamptz[], timestamptz[],
                       numeric[], text, text[], boolean[])
TO loyalty_app;
