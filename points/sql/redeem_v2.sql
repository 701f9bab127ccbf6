-- Invariant: a redemption draws exactly its allocation, under the locks of all the member's wallets, or writes nothing.
-- Order: replay? · lock the member's wallets by id · allocate · same as quoted? · instant and id · posting · draws · lots ·
-- wallets. Since version 1: the instant is taken under the locks (seals cut by it), a redemption renews what rolls, and the
-- common one, that a single lot of the price's own program pays, is posted without building lists of one.

DROP FUNCTION points_redeem(uuid, integer, integer, bigint, text, timestamptz, text, jsonb);
DROP FUNCTION points_redeem_many(uuid[], integer[], integer[], bigint[], text[], timestamptz[], text);

-- Write a redemption that is already allocated: the caller holds the locks of the member's wallets.
CREATE OR REPLACE FUNCTION points_post_redemption(
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
        FROM unnest(p_lots, p_lot_points) AS d (lot, points);
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

-- Outcomes: posted | replayed | reference_reused | insufficient_points | quote_changed | points_out_of_range |
-- renewals_wanted (a rolling program pays of which `p_renewals` does not say until when; nothing is written).
-- `p_quoted` (or null) is what a quote showed: [{"program": 1, "spent": 600, "covered": 600}, …]. `p_renewals` (or null) is
-- until when a redemption now renews each rolling program (rolling_v1.sql): those that may pay, the price's own among them if it
-- rolls. Which others pay shows under the locks, so the caller need not look; an empty object renews nothing and is not asked.
CREATE FUNCTION points_redeem(
    p_member uuid, p_program integer, p_unit integer, p_price bigint, p_source_ref text, p_at timestamptz,
    p_actor text, p_quoted jsonb, p_renewals jsonb DEFAULT NULL,
    OUT outcome text, OUT posting_id uuid, OUT shares jsonb, OUT short bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    earlier record;
    v_wallets record;
    v_lot record;
BEGIN
    -- A replay needs no lock.
    SELECT p.id, p.member_id, p.program_id, p.points, p.detail -> 'shares' AS shares INTO earlier FROM points_posting p
        WHERE p.unit_id = p_unit AND p.kind = 'redemption' AND p.source_ref = p_source_ref;
    IF FOUND THEN
        posting_id := earlier.id;
        outcome := CASE WHEN (earlier.member_id, earlier.program_id, earlier.points) = (p_member, p_program, p_price)
                        THEN 'replayed' ELSE 'reference_reused' END;
        shares := earlier.shares;
        RETURN;
    END IF;
    SELECT array_agg(w.id) AS ids, max(w.id) FILTER (WHERE w.program_id = p_program AND w.debt = 0) AS own INTO v_wallets
        FROM (SELECT x.id, x.program_id, x.debt FROM points_wallet x
              WHERE x.member_id = p_member ORDER BY x.id FOR NO KEY UPDATE) w;

    -- The common case: the soonest lot of the own wallet pays it all. A sale that is held is captured, not paid a second time.
    SELECT l.id, clock_timestamp() AS now, points_uuid7() AS posting,
           jsonb_build_array(jsonb_build_object('program', p_program, 'spent', p_price, 'covered', p_price,
                                                'numerator', 1, 'denominator', 1)) AS shares
    INTO v_lot
    FROM (SELECT o.id, o.remaining - o.held AS free FROM points_lot o
          WHERE o.wallet_id = v_wallets.own AND o.is_open AND o.remaining > o.held AND o.expires_at > p_at
            AND o.available_at <= p_at
          ORDER BY o.expires_at, o.earned_at, o.id LIMIT 1) l
    WHERE l.free >= p_price AND p_price BETWEEN 1 AND 1000000000
      AND (p_renewals IS NULL OR NOT p_renewals ? p_program::text)
      AND (p_quoted IS NULL
           OR p_quoted = jsonb_build_array(jsonb_build_object('program', p_program, 'spent', p_price, 'covered', p_price)))
      AND NOT EXISTS (SELECT FROM points_hold h WHERE h.unit_id = p_unit AND h.source_ref = p_source_ref);
    IF NOT FOUND THEN
        SELECT r.outcome, r.posting_id, r.shares, r.short INTO outcome, posting_id, shares, short
        FROM points_redeem_widely(p_member, p_program, p_unit, p_price, p_source_ref, p_at, p_actor, p_quoted, p_renewals,
                                  v_wallets.ids) r;
        RETURN;
    END IF;
    -- A twin that waited for the wallets meets the first one's reference here, and is asked again.
    INSERT INTO points_posting (id, kind, unit_id, source_ref, member_id, program_id, points, occurred_at, posted_at,
                                actor, rule, detail, digest)
    VALUES (v_lot.posting, 'redemption', p_unit, p_source_ref, p_member, p_program, p_price, p_at, v_lot.now, p_actor, '',
            jsonb_build_object('shares', v_lot.shares),
            sha256(convert_to(concat(
                v_lot.posting, '|redemption|', p_unit, '|', p_member, '|', p_program, '|', p_price, '|',
                extract(epoch FROM p_at), '|', extract(epoch FROM v_lot.now), '|', length(p_source_ref), '|',
                p_source_ref, '|', length(p_actor), '|', p_actor, '|0||',
                jsonb_build_object('shares', v_lot.shares), E'\n\n',
                p_member, '|', p_program, '|redeemed|', p_unit, '|', -p_price, E'\n\n',
                v_lot.id, '|', p_price, E'\n\n'), 'UTF8')));
    INSERT INTO points_draw (posting_id, lot_id, member_id, points) VALUES (v_lot.posting, v_lot.id, p_member, p_price);
    UPDATE points_lot l SET remaining = l.remaining - p_price, is_open = l.remaining > p_price WHERE l.id = v_lot.id;
    UPDATE points_wallet w SET balance = w.balance - p_price WHERE w.id = v_wallets.own;
    INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
    VALUES (v_lot.posting, p_member, v_wallets.own, p_program, 'redeemed', p_unit, -p_price)
    RETURNING 'posted', v_lot.posting, v_lot.shares, 0 INTO outcome, posting_id, shares, short;
END $$;

-- What takes more than one lot or wallet, renews, or is refused. The caller holds the locks of the wallets `p_locked`.
CREATE FUNCTION points_redeem_widely(
    p_member uuid, p_program integer, p_unit integer, p_price bigint, p_source_ref text, p_at timestamptz,
    p_actor text, p_quoted jsonb, p_renewals jsonb, p_locked bigint[],
    OUT outcome text, OUT posting_id uuid, OUT shares jsonb, OUT short bigint
) LANGUAGE plpgsql AS $$
DECLARE
    earlier record;
    a record;
    v_locked bigint[] := p_locked;
    v_shown jsonb;
    v_renewals jsonb;
BEGIN
    -- Look again: a twin that waited for the wallets must find the first one's posting, not an emptied wallet.
    SELECT p.id, p.member_id, p.program_id, p.points, p.detail -> 'shares' AS shares INTO earlier FROM points_posting p
        WHERE p.unit_id = p_unit AND p.kind = 'redemption' AND p.source_ref = p_source_ref;
    IF FOUND THEN
        posting_id := earlier.id;
        outcome := CASE WHEN (earlier.member_id, earlier.program_id, earlier.points) = (p_member, p_program, p_price)
                        THEN 'replayed' ELSE 'reference_reused' END;
        shares := earlier.shares;
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM points_hold h WHERE h.unit_id = p_unit AND h.source_ref = p_source_ref) THEN
        outcome := 'reference_reused';
        RETURN;
    END IF;
    IF p_price NOT BETWEEN 1 AND 1000000000 THEN
        outcome := 'points_out_of_range';
        RETURN;
    END IF;

    LOOP
        SELECT * INTO a FROM points_allocate(p_member, p_program, p_price, p_at);
        -- A wallet that came to be since the locks were taken is not ours to draw from yet. It has the highest id of the
        -- member's, so taking its lock last keeps the order.
        EXIT WHEN a.wallets IS NULL OR a.wallets <@ coalesce(v_locked, '{}');
        SELECT array_agg(w.id) INTO v_locked
            FROM (SELECT x.id FROM points_wallet x WHERE x.member_id = p_member ORDER BY x.id FOR NO KEY UPDATE) w;
    END LOOP;
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
    IF p_renewals IS DISTINCT FROM '{}' AND EXISTS (
            SELECT FROM points_program g WHERE g.id = ANY (a.programs) AND g.expiry_kind = 'rolling'
               AND NOT coalesce(p_renewals ? g.id::text, false)) THEN
        outcome := 'renewals_wanted';
        RETURN;
    END IF;
    IF p_renewals IS NOT NULL THEN
        v_renewals := points_renewals(p_renewals, a.programs);
        PERFORM points_renew(p_member, v_renewals, p_at);
    END IF;
    SELECT p.posting_id INTO posting_id
    FROM points_post_redemption(
        p_member, p_program, p_unit, p_price, p_source_ref, p_at, p_actor, a.programs, a.spent, a.covered, a.nums, a.dens,
        a.lots, a.lot_points,
        CASE WHEN v_renewals IS NULL THEN '{}' ELSE jsonb_build_object('renews_until', v_renewals) END) p;
    outcome := 'posted';
END $$;

-- The batch twin: all wallets locked first, in one order, then each asked redemption in turn; one that is refused
-- leaves the others alone.
CREATE FUNCTION points_redeem_many(
    p_members uuid[], p_programs integer[], p_units integer[], p_prices bigint[], p_source_refs text[],
    p_at timestamptz[], p_actor text, p_renewals jsonb[] DEFAULT NULL
) RETURNS TABLE (outcome text, posting_id uuid, shares jsonb, short bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM points_wallet w WHERE w.member_id = ANY (p_members) ORDER BY w.id FOR NO KEY UPDATE;
    FOR i IN 1 .. coalesce(array_length(p_members, 1), 0) LOOP
        RETURN QUERY SELECT r.outcome, r.posting_id, r.shares, r.short
            FROM points_redeem(p_members[i], p_programs[i], p_units[i], p_prices[i], p_source_refs[i], p_at[i],
                               p_actor, NULL, coalesce(p_renewals[i], '{}')) r;
    END LOOP;
END $$;

REVOKE ALL ON FUNCTION
    points_post_redemption(uuid, integer, integer, bigint, text, timestamptz, text, integer[], bigint[], bigint[], bigint[],
                           bigint[], uuid[], bigint[], jsonb),
    points_redeem(uuid, integer, integer, bigint, text, timestamptz, text, jsonb, jsonb),
    points_redeem_widely(uuid, integer, integer, bigint, text, timestamptz, text, jsonb, jsonb, bigint[]),
    points_redeem_many(uuid[], integer[], integer[], bigint[], text[], timestamptz[], text, jsonb[])
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    points_redeem(uuid, integer, integer, bigint, text, timestamptz, text, jsonb, jsonb),
    points_redeem_many(uuid[], integer[], integer[], bigint[], text[], timestamptz[], text, jsonb[])
TO loyalty_app;
