-- Invariant: a held point is used by its hold or by nothing; a hold ends once: captured, voided or timed out.
-- Order: look for the hold · lock the member's wallets by id · look again under the locks · act.

-- Reserve a price: the same allocation as a redemption's, written on the lots instead of drawn from them.
-- Outcomes: posted | replayed | reference_reused | insufficient_points | quote_changed | points_out_of_range.
CREATE FUNCTION points_hold_price(
    p_member uuid, p_program integer, p_unit integer, p_price bigint, p_source_ref text, p_at timestamptz,
    p_expires_at timestamptz, p_actor text, p_quoted jsonb,
    OUT outcome text, OUT hold_id uuid, OUT shares jsonb, OUT short bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    earlier points_hold;
    a record;
    v_shown jsonb;
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
        PERFORM FROM points_wallet w WHERE w.member_id = p_member ORDER BY w.id FOR NO KEY UPDATE;
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
-- they have died since. Outcomes: posted | replayed | reference_reused (captured before, for another price) |
-- no_such_hold | hold_not_open (voided or timed out, or past its time) | capture_exceeds_hold | points_out_of_range.
CREATE FUNCTION points_capture_hold(
    p_hold uuid, p_price bigint, p_at timestamptz, p_actor text,
    OUT outcome text, OUT posting_id uuid, OUT shares jsonb
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    h points_hold;
    v_spent record;
    v_drawn record;
BEGIN
    SELECT * INTO h FROM points_hold WHERE id = p_hold;
    IF NOT FOUND THEN
        outcome := 'no_such_hold';
        RETURN;
    END IF;
    PERFORM FROM points_wallet w WHERE w.member_id = h.member_id ORDER BY w.id FOR NO KEY UPDATE;
    SELECT * INTO h FROM points_hold WHERE id = p_hold FOR NO KEY UPDATE;
    IF h.status = 'captured' THEN
        posting_id := h.posting_id;
        SELECT CASE WHEN p.points = p_price THEN 'replayed' ELSE 'reference_reused' END, p.detail -> 'shares'
            INTO outcome, shares FROM points_posting p WHERE p.id = h.posting_id;
        RETURN;
    END IF;
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

    UPDATE points_lot l SET held = l.held - d.points FROM points_holdlot d WHERE d.hold_id = p_hold AND l.id = d.lot_id;
    SELECT p.posting_id, p.shares INTO posting_id, shares
    FROM points_post_redemption(
        h.member_id, h.program_id, h.unit_id, p_price, h.source_ref, p_at, p_actor, v_spent.programs, v_spent.spent,
        v_spent.covered, v_spent.nums, v_spent.dens, v_drawn.lots, v_drawn.points,
        jsonb_build_object('hold', h.id, 'held_at', h.held_at)) p;
    UPDATE points_hold SET status = 'captured', closed_at = p_at, posting_id = points_capture_hold.posting_id
        WHERE id = p_hold;
    outcome := 'posted';
END $$;

-- Let go of what a hold reserved. What died meanwhile expires at the next sweep.
-- Outcomes: posted | replayed (voided or timed out before) | no_such_hold | hold_not_open (captured).
CREATE FUNCTION points_void_hold(p_hold uuid, p_at timestamptz, p_status text, OUT outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    h points_hold;
BEGIN
    SELECT * INTO h FROM points_hold WHERE id = p_hold;
    IF NOT FOUND THEN
        outcome := 'no_such_hold';
        RETURN;
    END IF;
    PERFORM FROM points_wallet w WHERE w.member_id = h.member_id ORDER BY w.id FOR NO KEY UPDATE;
    SELECT * INTO h FROM points_hold WHERE id = p_hold FOR NO KEY UPDATE;
    IF h.status <> 'open' THEN
        outcome := CASE WHEN h.status = 'captured' THEN 'hold_not_open' ELSE 'replayed' END;
        RETURN;
    END IF;
    UPDATE points_lot l SET held = l.held - d.points FROM points_holdlot d WHERE d.hold_id = p_hold AND l.id = d.lot_id;
    UPDATE points_hold SET status = p_status, closed_at = p_at WHERE id = p_hold;
    outcome := 'posted';
END $$;

-- Time out the next `p_holds` holds that nobody answered. Says how many; 0: none is due.
CREATE FUNCTION points_time_out_holds(p_at timestamptz, p_holds integer)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_holds uuid[];
    v_hold uuid;
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
    FOREACH v_hold IN ARRAY coalesce(v_holds, '{}') LOOP
        PERFORM points_void_hold(v_hold, p_at, 'timed_out');
    END LOOP;
    RETURN coalesce(array_length(v_holds, 1), 0);
END $$;
