-- Invariant: a redemption draws exactly its allocation, under the locks of all the member's wallets, or writes nothing.
-- Order: lock the member's wallets by id · replay? · allocate · same as quoted? · posting · draws · lots · wallets.

-- Shares as the posting keeps them (with the rate) and as a quote shows them (without).
CREATE FUNCTION points_shares(
    p_programs integer[], p_spent bigint[], p_covered bigint[], p_nums bigint[], p_dens bigint[],
    OUT shares jsonb, OUT shown jsonb
) LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('program', s.program, 'spent', s.spent, 'covered', s.covered,
                                                 'numerator', s.num, 'denominator', s.den) ORDER BY s.ord), '[]'),
           coalesce(jsonb_agg(jsonb_build_object('program', s.program, 'spent', s.spent, 'covered', s.covered)
                              ORDER BY s.ord), '[]')
    FROM unnest(p_programs, p_spent, p_covered, p_nums, p_dens)
         WITH ORDINALITY AS s (program, spent, covered, num, den, ord)
$$;

-- Write a redemption that is already allocated: the caller holds the locks of the member's wallets.
CREATE FUNCTION points_post_redemption(
    p_member uuid, p_program integer, p_unit integer, p_price bigint, p_source_ref text, p_at timestamptz,
    p_actor text, p_programs integer[], p_spent bigint[], p_covered bigint[], p_nums bigint[], p_dens bigint[],
    p_lots uuid[], p_lot_points bigint[], p_detail jsonb,
    OUT posting_id uuid, OUT shares jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
    v_detail jsonb;
BEGIN
    posting_id := points_uuid7();
    SELECT s.shares INTO shares FROM points_shares(p_programs, p_spent, p_covered, p_nums, p_dens) s;
    v_detail := p_detail || jsonb_build_object('shares', shares);
    INSERT INTO points_posting (id, kind, unit_id, source_ref, member_id, program_id, points, occurred_at, posted_at,
                                actor, rule, detail, digest)
    VALUES (posting_id, 'redemption', p_unit, p_source_ref, p_member, p_program, p_price, p_at, v_now, p_actor, '',
            v_detail,
            points_digest(
                points_posting_text(posting_id, 'redemption', p_unit, p_source_ref, p_member, p_program, p_price,
                                    p_at, v_now, p_actor, '', NULL, v_detail),
                (SELECT string_agg(t, E'\n' ORDER BY t COLLATE "C") FROM (
                    SELECT points_entry_text(p_member, s.program, 'redeemed', p_unit, -s.spent) AS t
                    FROM unnest(p_programs, p_spent) AS s (program, spent)) x),
                points_draws_text(p_lots, p_lot_points), NULL));
    INSERT INTO points_draw (posting_id, lot_id, member_id, points)
        SELECT points_post_redemption.posting_id, d.lot, p_member, d.points
        FROM unnest(p_lots, p_lot_points) WITH ORDINALITY AS d (lot, points, ord) ORDER BY d.ord;
    UPDATE points_lot l SET remaining = l.remaining - d.points, is_open = l.remaining > d.points
        FROM unnest(p_lots, p_lot_points) AS d (lot, points) WHERE l.id = d.lot;
    WITH lowered AS (
        UPDATE points_wallet w SET balance = w.balance - s.spent
        FROM unnest(p_programs, p_spent) AS s (program, spent)
        WHERE w.member_id = p_member AND w.program_id = s.program
        RETURNING w.id, w.program_id, s.spent
    )
    INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
        SELECT points_post_redemption.posting_id, p_member, l.id, l.program_id, 'redeemed', p_unit, -l.spent
        FROM lowered l;
END $$;

-- Outcomes: posted | replayed | reference_reused | insufficient_points | quote_changed | points_out_of_range.
-- `p_quoted` (or null) is what a quote showed: [{"program": 1, "spent": 600, "covered": 600}, …].
CREATE FUNCTION points_redeem(
    p_member uuid, p_program integer, p_unit integer, p_price bigint, p_source_ref text, p_at timestamptz,
    p_actor text, p_quoted jsonb,
    OUT outcome text, OUT posting_id uuid, OUT shares jsonb, OUT short bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    earlier points_posting;
    a record;
    v_shown jsonb;
BEGIN
    -- Look, lock, look again: a replay needs no lock, and a twin that waited for it must find the first one's posting,
    -- not an emptied wallet.
    FOR v_look IN 1 .. 2 LOOP
        SELECT * INTO earlier FROM points_posting
            WHERE unit_id = p_unit AND kind = 'redemption' AND source_ref = p_source_ref;
        IF FOUND THEN
            posting_id := earlier.id;
            outcome := CASE WHEN (earlier.member_id, earlier.program_id, earlier.points)
                                 = (p_member, p_program, p_price) THEN 'replayed' ELSE 'reference_reused' END;
            shares := earlier.detail -> 'shares';
            RETURN;
        END IF;
        EXIT WHEN v_look = 2;
        PERFORM FROM points_wallet WHERE member_id = p_member ORDER BY id FOR NO KEY UPDATE;
    END LOOP;
    -- A sale that is held is captured, not paid a second time.
    IF EXISTS (SELECT FROM points_hold h WHERE h.unit_id = p_unit AND h.source_ref = p_source_ref) THEN
        outcome := 'reference_reused';
        RETURN;
    END IF;
    IF p_price NOT BETWEEN 1 AND 1000000000 THEN
        outcome := 'points_out_of_range';
        RETURN;
    END IF;

    SELECT * INTO a FROM points_allocate(p_member, p_program, p_price, p_at);
    SELECT s.shares, s.shown INTO shares, v_shown
        FROM points_shares(a.programs, a.spent, a.covered, a.nums, a.dens) s;
    short := a.short;
    IF a.short > 0 THEN
        outcome := 'insufficient_points';
        RETURN;
    END IF;
    IF p_quoted IS NOT NULL AND p_quoted <> v_shown THEN
        outcome := 'quote_changed';
        RETURN;
    END IF;
    SELECT p.posting_id INTO posting_id
    FROM points_post_redemption(p_member, p_program, p_unit, p_price, p_source_ref, p_at, p_actor, a.programs, a.spent,
                                a.covered, a.nums, a.dens, a.lots, a.lot_points, '{}') p;
    outcome := 'posted';
END $$;

-- The batch twin: all wallets locked first, in one order, then each asked redemption in turn; one that is refused
-- leaves the others alone.
CREATE FUNCTION points_redeem_many(
    p_members uuid[], p_programs integer[], p_units integer[], p_prices bigint[], p_source_refs text[],
    p_at timestamptz[], p_actor text
) RETURNS TABLE (outcome text, posting_id uuid, shares jsonb, short bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM points_wallet w WHERE w.member_id = ANY (p_members) ORDER BY w.id FOR NO KEY UPDATE;
    FOR i IN 1 .. coalesce(array_length(p_members, 1), 0) LOOP
        RETURN QUERY SELECT r.outcome, r.posting_id, r.shares, r.short
            FROM points_redeem(p_members[i], p_programs[i], p_units[i], p_prices[i], p_source_refs[i], p_at[i],
                               p_actor, NULL) r;
    END LOOP;
END $$;
