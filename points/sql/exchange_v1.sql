-- Invariant: an exchange gives what the rate in force gives, rounded down once; each new lot keeps its issuer, its scaled cost
-- and the sooner of its old expiry and the new program's. Rounding never makes a point; that no loop of rates does is seen to
-- when a rate is published (points/rules/loops.py).
-- Order: look · lock the member's wallets by id · look again · rate · cap · draw · posting · lots · entries.

-- One lot of the other program on its way into the wallet.
CREATE TYPE points_exchanged AS (
    id uuid, issuer_id integer, points bigint, unit_cost numeric, earned_at timestamptz, expires_at timestamptz
);

-- Outcomes: posted | replayed | reference_reused | no_exchange_rate | exchange_cap_reached (with what is `left` of the cap) |
-- exchange_too_small | quote_changed (with what is `given` now) | insufficient_points (with what is `short`) |
-- points_out_of_range.
CREATE FUNCTION points_exchange(
    p_member uuid, p_source integer, p_target integer, p_unit integer, p_points bigint, p_source_ref text,
    p_at timestamptz, p_expires_at timestamptz, p_day_starts_at timestamptz, p_actor text, p_quoted bigint,
    OUT outcome text, OUT posting_id uuid, OUT given bigint, OUT short bigint, OUT "left" bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    earlier points_posting;
    r points_exchangerate;
    v_from points_wallet;
    v_to bigint;
    v_lot record;
    v_want bigint;
    v_take bigint;
    v_drawn bigint := 0;
    v_made bigint;
    v_lots uuid[] := '{}';
    v_points bigint[] := '{}';
    v_new points_exchanged[] := '{}';
    v_detail jsonb;
    v_now timestamptz := clock_timestamp();
BEGIN
    FOR v_look IN 1 .. 2 LOOP
        SELECT * INTO earlier FROM points_posting
            WHERE unit_id = p_unit AND kind = 'exchange' AND source_ref = p_source_ref;
        IF FOUND THEN
            posting_id := earlier.id;
            given := earlier.detail -> 'given';
            outcome := CASE WHEN (earlier.member_id, earlier.program_id, earlier.points, earlier.detail -> 'target')
                                 = (p_member, p_source, p_points, to_jsonb(p_target))
                            THEN 'replayed' ELSE 'reference_reused' END;
            RETURN;
        END IF;
        EXIT WHEN v_look = 2;
        IF p_points NOT BETWEEN 1 AND 1000000000 THEN
            outcome := 'points_out_of_range';
            RETURN;
        END IF;
        PERFORM FROM points_wallet w WHERE w.member_id = p_member ORDER BY w.id FOR NO KEY UPDATE;
    END LOOP;

    SELECT * INTO r FROM points_exchangerate x
        WHERE x.source_id = p_source AND x.target_id = p_target AND x.during @> p_at;
    IF NOT FOUND THEN
        outcome := 'no_exchange_rate';
        RETURN;
    END IF;
    IF r.cap_per_member_day IS NOT NULL THEN
        SELECT r.cap_per_member_day - coalesce(sum(p.points), 0) INTO "left" FROM points_posting p
            WHERE p.member_id = p_member AND p.kind = 'exchange' AND p.program_id = p_source
              AND p.detail -> 'target' = to_jsonb(p_target)
              AND p.occurred_at >= p_day_starts_at AND p.occurred_at <= p_at;
        IF p_points > "left" THEN
            outcome := 'exchange_cap_reached';
            RETURN;
        END IF;
    END IF;
    given := p_points * r.numerator / r.denominator;
    IF given NOT BETWEEN 1 AND 1000000000 THEN
        outcome := CASE WHEN given < 1 THEN 'exchange_too_small' ELSE 'points_out_of_range' END;
        RETURN;
    END IF;
    IF p_quoted IS NOT NULL AND p_quoted <> given THEN
        outcome := 'quote_changed';
        RETURN;
    END IF;

    SELECT * INTO v_from FROM points_wallet w WHERE w.member_id = p_member AND w.program_id = p_source;
    v_want := least(p_points, coalesce(points_beyond_debt(v_from.id, v_from.balance, v_from.debt), 0));
    FOR v_lot IN
        SELECT l.* FROM points_lot l
        WHERE v_want > 0 AND l.wallet_id = v_from.id AND l.is_open AND l.remaining > l.held AND l.expires_at > p_at
          AND l.available_at <= p_at
        ORDER BY l.expires_at, l.earned_at, l.id
    LOOP
        v_take := least(v_lot.remaining - v_lot.held, v_want - v_drawn);
        v_lots := v_lots || v_lot.id;
        v_points := v_points || v_take;
        -- Whole points of the running total, so that the lots add up to what is given: rounding happens once.
        v_made := (v_drawn + v_take) * r.numerator / r.denominator - v_drawn * r.numerator / r.denominator;
        v_drawn := v_drawn + v_take;
        IF v_made > 0 THEN
            v_new := v_new || (points_uuid7(), v_lot.issuer_id, v_made,
                               round(v_lot.unit_cost * r.denominator / r.numerator, 6), v_lot.earned_at,
                               least(v_lot.expires_at, coalesce(p_expires_at, 'infinity')))::points_exchanged;
        END IF;
        EXIT WHEN v_drawn = v_want;
    END LOOP;
    short := p_points - v_drawn;
    IF short > 0 THEN
        outcome := 'insufficient_points';
        RETURN;
    END IF;

    -- A new wallet has the highest id, so taking its lock last keeps the order.
    INSERT INTO points_wallet (member_id, program_id) VALUES (p_member, p_target)
        ON CONFLICT (member_id, program_id) DO NOTHING;
    SELECT w.id INTO v_to FROM points_wallet w
        WHERE w.member_id = p_member AND w.program_id = p_target FOR NO KEY UPDATE;

    posting_id := points_uuid7();
    v_detail := jsonb_build_object('target', p_target, 'given', given, 'numerator', r.numerator,
                                   'denominator', r.denominator, 'rate', r.id,
                                   'dust', mod(p_points * r.numerator, r.denominator));
    INSERT INTO points_posting (id, kind, unit_id, source_ref, member_id, program_id, points, occurred_at, posted_at,
                                actor, rule, detail, digest)
    VALUES (posting_id, 'exchange', p_unit, p_source_ref, p_member, p_source, p_points, p_at, v_now, p_actor, '', v_detail,
            points_digest(
                points_posting_text(posting_id, 'exchange', p_unit, p_source_ref, p_member, p_source, p_points, p_at, v_now,
                                    p_actor, '', NULL, v_detail),
                (SELECT string_agg(t, E'\n' ORDER BY t COLLATE "C") FROM (VALUES
                    (points_entry_text(p_member, p_source, 'exchange', p_unit, -p_points)),
                    (points_entry_text(p_member, p_target, 'exchange', p_unit, given))) AS x (t)),
                points_draws_text(v_lots, v_points),
                (SELECT string_agg(t, E'\n' ORDER BY t COLLATE "C") FROM (
                    SELECT points_lot_text(n.id, n.issuer_id, n.points, n.unit_cost, n.earned_at, p_at, n.expires_at) AS t
                    FROM unnest(v_new) n) x)));
    INSERT INTO points_draw (posting_id, lot_id, member_id, points)
        SELECT points_exchange.posting_id, d.lot, p_member, d.points
        FROM unnest(v_lots, v_points) WITH ORDINALITY AS d (lot, points, ord) ORDER BY d.ord;
    UPDATE points_lot l SET remaining = l.remaining - d.points, is_open = l.remaining > d.points
        FROM unnest(v_lots, v_points) AS d (lot, points) WHERE l.id = d.lot;
    INSERT INTO points_lot (id, wallet_id, member_id, program_id, issuer_id, posting_id, points, remaining, unit_cost,
                            earned_at, available_at, expires_at, is_open)
        SELECT n.id, v_to, p_member, p_target, n.issuer_id, points_exchange.posting_id, n.points, n.points, n.unit_cost,
               n.earned_at, p_at, n.expires_at, true
        FROM unnest(v_new) n;
    INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
        VALUES (posting_id, p_member, v_from.id, p_source, 'exchange', p_unit, -p_points),
               (posting_id, p_member, v_to, p_target, 'exchange', p_unit, given);
    UPDATE points_wallet w SET balance = w.balance + CASE WHEN w.id = v_to THEN given ELSE -p_points END
        WHERE w.id IN (v_from.id, v_to);
    outcome := 'posted';
END $$;
