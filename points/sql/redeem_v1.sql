-- Invariant: a redemption draws exactly its allocation, under the locks of all the member's wallets, or writes nothing.
-- Order: lock the member's wallets by id · replay? · allocate · same as quoted? · posting · draws · lots · wallets.

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
    v_now timestamptz := clock_timestamp();
BEGIN
    -- The locks come first: a twin that waits for them must then find the posting, not an emptied wallet.
    PERFORM FROM points_wallet WHERE member_id = p_member ORDER BY id FOR NO KEY UPDATE;
    SELECT * INTO earlier FROM points_posting
        WHERE unit_id = p_unit AND kind = 'redemption' AND source_ref = p_source_ref;
    IF FOUND THEN
        posting_id := earlier.id;
        outcome := CASE WHEN (earlier.member_id, earlier.program_id, earlier.points) = (p_member, p_program, p_price)
                        THEN 'replayed' ELSE 'reference_reused' END;
        shares := earlier.detail -> 'shares';
        RETURN;
    END IF;
    IF p_price NOT BETWEEN 1 AND 1000000000 THEN
        outcome := 'points_out_of_range';
        RETURN;
    END IF;

    SELECT * INTO a FROM points_allocate(p_member, p_program, p_price, p_at);
    SELECT coalesce(jsonb_agg(jsonb_build_object('program', s.program, 'spent', s.spent, 'covered', s.covered,
                                                 'numerator', s.num, 'denominator', s.den) ORDER BY s.ord), '[]'),
           coalesce(jsonb_agg(jsonb_build_object('program', s.program, 'spent', s.spent, 'covered', s.covered)
                              ORDER BY s.ord), '[]')
        INTO shares, v_shown
        FROM unnest(a.programs, a.spent, a.covered, a.nums, a.dens)
             WITH ORDINALITY AS s (program, spent, covered, num, den, ord);
    short := a.short;
    IF a.short > 0 THEN
        outcome := 'insufficient_points';
        RETURN;
    END IF;
    IF p_quoted IS NOT NULL AND p_quoted <> v_shown THEN
        outcome := 'quote_changed';
        RETURN;
    END IF;

    posting_id := points_uuid7();
    INSERT INTO points_posting (id, kind, unit_id, source_ref, member_id, program_id, points, occurred_at, posted_at,
                                actor, rule, detail, digest)
    VALUES (posting_id, 'redemption', p_unit, p_source_ref, p_member, p_program, p_price, p_at, v_now, p_actor, '',
            jsonb_build_object('shares', shares),
            points_digest(
                points_posting_text(posting_id, 'redemption', p_unit, p_source_ref, p_member, p_program, p_price,
                                    p_at, v_now, p_actor, '', NULL, jsonb_build_object('shares', shares)),
                (SELECT string_agg(t, E'\n' ORDER BY t COLLATE "C") FROM (
                    SELECT points_entry_text(p_member, s.program, 'redeemed', p_unit, -s.spent) AS t
                    FROM unnest(a.programs, a.spent) AS s (program, spent)) x),
                points_draws_text(a.lots, a.lot_points), NULL));
    INSERT INTO points_draw (posting_id, lot_id, member_id, points)
        SELECT posting_id, d.lot, p_member, d.points FROM unnest(a.lots, a.lot_points) AS d (lot, points);
    UPDATE points_lot l SET remaining = l.remaining - d.points, is_open = l.remaining > d.points
        FROM unnest(a.lots, a.lot_points) AS d (lot, points) WHERE l.id = d.lot;
    INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
        SELECT posting_id, p_member, s.wallet, s.program, 'redeemed', p_unit, -s.spent
        FROM unnest(a.wallets, a.programs, a.spent) AS s (wallet, program, spent);
    UPDATE points_wallet w SET balance = w.balance - s.spent
        FROM unnest(a.wallets, a.spent) AS s (wallet, spent) WHERE w.id = s.wallet;
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
