-- Invariant: a person's limits are the person's: what they exchanged and gave under a number that was merged away counts as theirs.
-- Since v2 of the exchange and v1 of the transfer: caps and limits sum over all ids of the person; nothing else is different.

-- All ids of the person who goes on as `p_member`: their own, and those of their aliases.
CREATE FUNCTION points_ids_of(p_member uuid) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT array_agg(x.id) FROM (
        SELECT p_member AS id UNION ALL SELECT m.id FROM members_member m WHERE m.merged_into_id = p_member) x
$$;
REVOKE ALL ON FUNCTION points_ids_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION points_ids_of(uuid) TO loyalty_app, loyalty_auditor;

CREATE OR REPLACE FUNCTION points_transfer_left(
    p_from uuid, p_program integer, p_day_cap bigint, p_day tstzrange, p_month_cap bigint, p_month tstzrange
) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT least(p_day_cap - sum(p.points) FILTER (WHERE p.occurred_at >= lower(p_day) AND p.occurred_at < upper(p_day)),
                 p_month_cap - sum(p.points) FILTER (WHERE p.occurred_at >= lower(p_month) AND p.occurred_at < upper(p_month)))
           ::bigint
    FROM (
        SELECT t.points, t.occurred_at FROM points_posting t
        WHERE (p_day_cap IS NOT NULL OR p_month_cap IS NOT NULL)
          AND t.member_id = ANY (points_ids_of(p_from)) AND t.kind = 'transfer' AND t.program_id = p_program
          AND t.occurred_at >= least(lower(p_day), lower(p_month)) AND t.occurred_at < greatest(upper(p_day), upper(p_month))
        -- A sum over nothing is null: no transfer yet is zero transferred.
        UNION ALL SELECT 0, lower(p_day)
        UNION ALL SELECT 0, lower(p_month)
    ) p
$$;

-- Outcomes: posted | replayed | reference_reused | no_exchange_rate | exchange_cap_reached (with what is `left` of the cap) |
-- exchange_too_small | quote_changed (with what is `given` now) | insufficient_points (with what is `short`) |
-- points_out_of_range. An exchange renews nothing, and what it gives does not roll: it dies at `p_expires_at` or sooner.
CREATE OR REPLACE FUNCTION points_exchange(
    p_member uuid, p_source integer, p_target integer, p_unit integer, p_points bigint, p_source_ref text,
    p_at timestamptz, p_expires_at timestamptz, p_day_starts_at timestamptz, p_day_ends_at timestamptz, p_actor text,
    p_quoted bigint,
    OUT outcome text, OUT posting_id uuid, OUT given bigint, OUT short bigint, OUT "left" bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    earlier points_posting;
    r points_exchangerate;
    a record;
    v_from bigint;
    v_to bigint;
    v_new points_exchanged[];
    v_detail jsonb;
    v_now timestamptz;
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
        -- Locked by now, unless it came to be since. One that comes later still pays nothing: the cap is read under this lock.
        SELECT w.id INTO v_from FROM points_wallet w
            WHERE w.member_id = p_member AND w.program_id = p_source FOR NO KEY UPDATE;
    END LOOP;

    SELECT * INTO r FROM points_exchangerate x
        WHERE x.source_id = p_source AND x.target_id = p_target AND x.during @> p_at;
    IF NOT FOUND THEN
        outcome := 'no_exchange_rate';
        RETURN;
    END IF;
    IF r.cap_per_member_day IS NOT NULL THEN
        -- The whole day: of two at once, the one that was asked for later may have come first. A merge holds this member's wallets.
        SELECT r.cap_per_member_day - coalesce(sum(p.points), 0) INTO "left" FROM points_posting p
            WHERE p.member_id = ANY (points_ids_of(p_member)) AND p.kind = 'exchange' AND p.program_id = p_source
              AND p.detail -> 'target' = to_jsonb(p_target)
              AND p.occurred_at >= p_day_starts_at AND p.occurred_at < p_day_ends_at;
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

    -- The own wallet is asked first: only where it falls short does an allocation name another.
    SELECT * INTO a FROM points_allocate(p_member, p_source, p_points, p_at);
    short := p_points - coalesce(a.spent[array_position(a.programs, p_source)], 0);
    IF v_from IS NULL THEN
        short := p_points;
    END IF;
    IF short > 0 THEN
        outcome := 'insufficient_points';
        RETURN;
    END IF;

    -- A new wallet has the highest id, so taking its lock last keeps the order.
    INSERT INTO points_wallet (member_id, program_id) VALUES (p_member, p_target)
        ON CONFLICT (member_id, program_id) DO NOTHING;
    SELECT w.id INTO v_to FROM points_wallet w
        WHERE w.member_id = p_member AND w.program_id = p_target FOR NO KEY UPDATE;

    -- Whole points of the running total, so that the lots add up to what is given: rounding happens once.
    SELECT array_agg((points_uuid7(), l.issuer_id, d.made, round(l.unit_cost * r.denominator / r.numerator, 6),
                      l.earned_at, least(l.expires_at, coalesce(p_expires_at, 'infinity')))::points_exchanged
                     ORDER BY d.ord)
    INTO v_new
    FROM (
        SELECT d.ord, d.lot, d.total * r.numerator / r.denominator
                             - (d.total - d.points) * r.numerator / r.denominator AS made
        FROM (SELECT x.ord, x.lot, x.points, (sum(x.points) OVER (ORDER BY x.ord))::bigint AS total
              FROM unnest(a.lots, a.lot_points) WITH ORDINALITY AS x (lot, points, ord)) d
    ) d
    JOIN points_lot l ON l.id = d.lot
    WHERE d.made > 0;

    v_now := clock_timestamp();
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
                points_draws_text(a.lots, a.lot_points),
                (SELECT string_agg(t, E'\n' ORDER BY t COLLATE "C") FROM (
                    SELECT points_lot_text(n.id, n.issuer_id, n.points, n.unit_cost, n.earned_at, p_at, n.expires_at) AS t
                    FROM unnest(v_new) n) x)));
    INSERT INTO points_draw (posting_id, lot_id, member_id, points)
        SELECT points_exchange.posting_id, d.lot, p_member, d.points
        FROM unnest(a.lots, a.lot_points) WITH ORDINALITY AS d (lot, points, ord) ORDER BY d.ord;
    UPDATE points_lot l SET remaining = l.remaining - d.points, is_open = l.remaining > d.points
        FROM unnest(a.lots, a.lot_points) AS d (lot, points) WHERE l.id = d.lot;
    INSERT INTO points_lot (id, wallet_id, member_id, program_id, issuer_id, posting_id, points, remaining, unit_cost,
                            earned_at, available_at, expires_at, is_open)
        SELECT n.id, v_to, p_member, p_target, n.issuer_id, points_exchange.posting_id, n.points, n.points, n.unit_cost,
               n.earned_at, p_at, n.expires_at, true
        FROM unnest(v_new) n;
    INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
        VALUES (posting_id, p_member, v_from, p_source, 'exchange', p_unit, -p_points),
               (posting_id, p_member, v_to, p_target, 'exchange', p_unit, given);
    UPDATE points_wallet w SET balance = w.balance + CASE WHEN w.id = v_to THEN given ELSE -p_points END
        WHERE w.id IN (v_from, v_to);
    outcome := 'posted';
END $$;
