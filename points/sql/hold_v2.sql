-- Invariant: a held point is used by its hold or by nothing; a hold ends once: captured, voided or timed out.
-- Order: look for the hold · lock the member's wallets by id · look again under the locks · act.
-- Since v1: nothing is drawn from a wallet that is not locked; a capture renews rolling programs; what is captured is answered
-- without a lock; a chunk times out in one pass; each function has its batch twin.

-- Reserve a price: the same allocation as a redemption's, written on the lots instead of drawn from them.
-- Outcomes: posted | replayed | reference_reused | insufficient_points | quote_changed | points_out_of_range.
CREATE OR REPLACE FUNCTION points_hold_price(
    p_member uuid, p_program integer, p_unit integer, p_price bigint, p_source_ref text, p_at timestamptz,
    p_expires_at timestamptz, p_actor text, p_quoted jsonb,
    OUT outcome text, OUT hold_id uuid, OUT shares jsonb, OUT short bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    earlier points_hold;
    a record;
    v_shown jsonb;
    v_locked bigint[];
BEGIN
    -- Look, lock, look again: see redeem_v1.sql.
    FOR v_look IN 1 .. 2 LOOP
        SELECT * INTO earlier FROM points_hold h WHERE h.unit_id = p_unit AND h.source_ref = p_source_ref;
        IF FOUND THEN
            hold_id := earlier.id;
            shares := earlier.shares;
            outcome := CASE WHEN (earlier.member_id, earlier.program_id, earlier.points)
                                 = (p_member, p_program, p_price) THEN 'replayed' ELSE 'reference_reused' END;
            RETURN;
        END IF;
        EXIT WHEN v_look = 2;
        SELECT array_agg(w.id) INTO v_locked FROM (
            SELECT x.id FROM points_wallet x WHERE x.member_id = p_member ORDER BY x.id FOR NO KEY UPDATE) w;
    END LOOP;
    -- A sale paid at once and a hold share their references: the capture will post under this one.
    IF EXISTS (SELECT FROM points_posting p
               WHERE p.unit_id = p_unit AND p.kind = 'redemption' AND p.source_ref = p_source_ref) THEN
        outcome := 'reference_reused';
        RETURN;
    END IF;
    IF p_price NOT BETWEEN 1 AND 1000000000 THEN
        outcome := 'points_out_of_range';
        RETURN;
    END IF;

    LOOP
        SELECT * INTO a FROM points_allocate(p_member, p_program, p_price, p_at);
        -- A wallet that came to be since the locks were taken is not ours to reserve from: lock it too, and choose again.
        EXIT WHEN a.wallets IS NULL OR a.wallets <@ v_locked;
        SELECT array_agg(w.id) INTO v_locked FROM (
            SELECT x.id FROM points_wallet x WHERE x.member_id = p_member ORDER BY x.id FOR NO KEY UPDATE) w;
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

    hold_id := points_uuid7();
    INSERT INTO points_hold (id, unit_id, source_ref, member_id, program_id, points, shares, status, actor, held_at,
                             expires_at)
    VALUES (hold_id, p_unit, p_source_ref, p_member, p_program, p_price, shares, 'open', p_actor, p_at, p_expires_at);
    INSERT INTO points_holdlot (hold_id, lot_id, points)
        SELECT points_hold_price.hold_id, d.lot, d.points
        FROM unnest(a.lots, a.lot_points) WITH ORDINALITY AS d (lot, points, ord) ORDER BY d.ord;
    UPDATE points_lot l SET held = l.held + d.points
        FROM unnest(a.lots, a.lot_points) AS d (lot, points) WHERE l.id = d.lot;
    outcome := 'posted';
END $$;

-- Spend all or a part of what a hold reserved and release the rest. The lots are spent as they were when held, even if
-- they have died since; what lives of the programs that pay is renewed (`p_renewals`: see rolling_v1.sql).
-- Outcomes: posted | replayed | reference_reused (captured before, for another price) |
-- no_such_hold | hold_not_open (voided or timed out, or past its time) | capture_exceeds_hold | points_out_of_range |
-- renewals_wanted (as of a redemption, see redeem_v2.sql).
DROP FUNCTION points_capture_hold(uuid, bigint, timestamptz, text);
CREATE FUNCTION points_capture_hold(
    p_hold uuid, p_price bigint, p_at timestamptz, p_actor text, p_renewals jsonb DEFAULT NULL,
    OUT outcome text, OUT posting_id uuid, OUT shares jsonb
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    h points_hold;
    v_spent record;
    v_drawn record;
    v_renewals jsonb;
BEGIN
    -- Look, lock, look again: what is captured stays captured, so its answer needs no lock.
    FOR v_look IN 1 .. 2 LOOP
        SELECT * INTO h FROM points_hold WHERE id = p_hold;
        IF NOT FOUND THEN
            outcome := 'no_such_hold';
            RETURN;
        END IF;
        IF h.status = 'captured' THEN
            posting_id := h.posting_id;
            SELECT CASE WHEN p.points = p_price THEN 'replayed' ELSE 'reference_reused' END, p.detail -> 'shares'
                INTO outcome, shares FROM points_posting p WHERE p.id = h.posting_id;
            RETURN;
        END IF;
        EXIT WHEN v_look = 2;
        PERFORM FROM points_wallet w WHERE w.member_id = h.member_id ORDER BY w.id FOR NO KEY UPDATE;
        PERFORM FROM points_hold WHERE id = p_hold FOR NO KEY UPDATE;
    END LOOP;
    IF h.status <> 'open' OR h.expires_at <= p_at THEN
        outcome := 'hold_not_open';
        RETURN;
    END IF;
    IF p_price NOT BETWEEN 1 AND 1000000000 THEN
        outcome := 'points_out_of_range';
        RETURN;
    END IF;
    IF p_price > h.points THEN
        outcome := 'capture_exceeds_hold';
        RETURN;
    END IF;

    -- What is captured is a prefix of the hold: of its shares in their order, and of each share's lots likewise.
    SELECT array_agg(k.program_id ORDER BY k.ord) AS programs, array_agg(k.kept ORDER BY k.ord) AS spent,
           array_agg(k.covering ORDER BY k.ord) AS covered, array_agg(k.num ORDER BY k.ord) AS nums,
           array_agg(k.den ORDER BY k.ord) AS dens
    INTO v_spent
    FROM points_kept_shares(h.shares, p_price) k WHERE k.covering > 0;
    SELECT array_agg(d.lot_id ORDER BY d.id) AS lots, array_agg(d.take ORDER BY d.id) AS points
    INTO v_drawn
    FROM (
        SELECT d.id, d.lot_id, least(d.points, s.spent - (sum(d.points) OVER mine - d.points))::bigint AS take
        FROM points_holdlot d
        JOIN points_lot l ON l.id = d.lot_id
        JOIN unnest(v_spent.programs, v_spent.spent) AS s (program_id, spent) ON s.program_id = l.program_id
        WHERE d.hold_id = p_hold
        WINDOW mine AS (PARTITION BY l.program_id ORDER BY d.id)
    ) d WHERE d.take > 0;

    IF p_renewals IS DISTINCT FROM '{}' AND EXISTS (
            SELECT FROM points_program g WHERE g.id = ANY (v_spent.programs) AND g.expiry_kind = 'rolling'
               AND NOT coalesce(p_renewals ? g.id::text, false)) THEN
        outcome := 'renewals_wanted';
        RETURN;
    END IF;
    UPDATE points_lot l SET held = l.held - d.points FROM points_holdlot d WHERE d.hold_id = p_hold AND l.id = d.lot_id;
    -- Before the draws, as a redemption does: what a cancellation puts back lives as long as what was left.
    v_renewals := points_renewals(p_renewals, v_spent.programs);
    PERFORM points_renew(h.member_id, v_renewals, p_at);
    SELECT p.posting_id, p.shares INTO posting_id, shares
    FROM points_post_redemption(
        h.member_id, h.program_id, h.unit_id, p_price, h.source_ref, p_at, p_actor, v_spent.programs, v_spent.spent,
        v_spent.covered, v_spent.nums, v_spent.dens, v_drawn.lots, v_drawn.points,
        jsonb_strip_nulls(jsonb_build_object('hold', h.id, 'held_at', h.held_at, 'renews_until', v_renewals))) p;
    UPDATE points_hold SET status = 'captured', closed_at = p_at, posting_id = points_capture_hold.posting_id
        WHERE id = p_hold;
    outcome := 'posted';
END $$;

-- Time out the next `p_holds` holds that nobody answered. Says how many it looked at; 0: none is due.
CREATE OR REPLACE FUNCTION points_time_out_holds(p_at timestamptz, p_holds integer)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_holds uuid[];
BEGIN
    IF p_at > clock_timestamp() + interval '1 minute' AND coalesce(current_setting('loyalty.clock', true), '') <> 'free' THEN
        RAISE EXCEPTION 'holds were timed out as of %, which is yet to come', p_at
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT array_agg(h.id) INTO v_holds FROM (
        SELECT id FROM points_hold WHERE status = 'open' AND expires_at <= p_at ORDER BY expires_at LIMIT p_holds) h;
    -- All wallets first, in one order: a chunk is one transaction.
    PERFORM FROM points_wallet w
        WHERE w.member_id IN (SELECT h.member_id FROM points_hold h WHERE h.id = ANY (v_holds))
        ORDER BY w.id FOR NO KEY UPDATE;
    -- Read again under the locks: a hold that was captured or voided meanwhile is not open, and so not ended here.
    WITH ended AS (
        UPDATE points_hold h SET status = 'timed_out', closed_at = p_at
        WHERE h.id = ANY (v_holds) AND h.status = 'open' RETURNING h.id
    ), released AS (
        SELECT d.lot_id, sum(d.points)::bigint AS points
        FROM ended e JOIN points_holdlot d ON d.hold_id = e.id GROUP BY d.lot_id
    )
    UPDATE points_lot l SET held = l.held - r.points FROM released r WHERE l.id = r.lot_id;
    RETURN coalesce(array_length(v_holds, 1), 0);
END $$;

-- The batch twins: all wallets of the batch locked first, in one order, then each call in turn; one that is refused leaves the
-- others alone, and the second of two with one reference finds the first. A quote is for one customer: a batch keeps none.
CREATE FUNCTION points_hold_price_many(
    p_members uuid[], p_programs integer[], p_units integer[], p_prices bigint[], p_source_refs text[],
    p_at timestamptz[], p_expires_at timestamptz[], p_actor text
) RETURNS TABLE (outcome text, hold_id uuid, shares jsonb, short bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM points_wallet w WHERE w.member_id = ANY (p_members) ORDER BY w.id FOR NO KEY UPDATE;
    FOR i IN 1 .. coalesce(array_length(p_members, 1), 0) LOOP
        RETURN QUERY SELECT r.outcome, r.hold_id, r.shares, r.short
            FROM points_hold_price(p_members[i], p_programs[i], p_units[i], p_prices[i], p_source_refs[i], p_at[i],
                                   p_expires_at[i], p_actor, NULL) r;
    END LOOP;
END $$;

-- `p_renewals`: those of each capture, as its instant gives them.
CREATE FUNCTION points_capture_hold_many(
    p_holds uuid[], p_prices bigint[], p_at timestamptz[], p_actor text, p_renewals jsonb[] DEFAULT NULL
) RETURNS TABLE (outcome text, posting_id uuid, shares jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM points_wallet w
        WHERE w.member_id IN (SELECT h.member_id FROM points_hold h WHERE h.id = ANY (p_holds))
        ORDER BY w.id FOR NO KEY UPDATE;
    FOR i IN 1 .. coalesce(array_length(p_holds, 1), 0) LOOP
        RETURN QUERY SELECT r.outcome, r.posting_id, r.shares
            FROM points_capture_hold(p_holds[i], p_prices[i], p_at[i], p_actor,
                                     coalesce(p_renewals[i], '{}')) r;
    END LOOP;
END $$;

CREATE FUNCTION points_void_hold_many(p_holds uuid[], p_at timestamptz[], p_status text)
RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM points_wallet w
        WHERE w.member_id IN (SELECT h.member_id FROM points_hold h WHERE h.id = ANY (p_holds))
        ORDER BY w.id FOR NO KEY UPDATE;
    FOR i IN 1 .. coalesce(array_length(p_holds, 1), 0) LOOP
        RETURN NEXT points_void_hold(p_holds[i], p_at[i], p_status);
    END LOOP;
END $$;

REVOKE ALL ON FUNCTION
    points_capture_hold(uuid, bigint, timestamptz, text, jsonb),
    points_hold_price_many(uuid[], integer[], integer[], bigint[], text[], timestamptz[], timestamptz[], text),
    points_capture_hold_many(uuid[], bigint[], timestamptz[], text, jsonb[]),
    points_void_hold_many(uuid[], timestamptz[], text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    points_capture_hold(uuid, bigint, timestamptz, text, jsonb),
    points_hold_price_many(uuid[], integer[], integer[], bigint[], text[], timestamptz[], timestamptz[], text),
    points_capture_hold_many(uuid[], bigint[], timestamptz[], text, jsonb[]),
    points_void_hold_many(uuid[], timestamptz[], text)
TO loyalty_app;
