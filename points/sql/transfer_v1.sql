-- Invariant: what one member gives another gets, to the point, lot by lot as it was; between members a posting sums to zero.
-- A transfer renews nothing, and no limit of the giver is passed, however many transfers race.
-- Order: look · a missing wallet is made · lock both wallets by id · look again · limits · draw · posting · lots · entries.

-- A receiver without a wallet gets one before any lock is taken: whoever makes wallets must not wait for another's while
-- it holds locks. A giver who plainly cannot pay is refused before, so that a refusal leaves no empty wallet behind.

-- What is left of a giver's limits in a program (null: no limit). The periods are whole, [starts, ends): a till's clock that runs
-- behind another's must not hide what that one has just transferred.
CREATE FUNCTION points_transfer_left(
    p_from uuid, p_program integer, p_day_cap bigint, p_day tstzrange, p_month_cap bigint, p_month tstzrange
) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT least(p_day_cap - sum(p.points) FILTER (WHERE p.occurred_at >= lower(p_day) AND p.occurred_at < upper(p_day)),
                 p_month_cap - sum(p.points) FILTER (WHERE p.occurred_at >= lower(p_month) AND p.occurred_at < upper(p_month)))
           ::bigint
    FROM (
        SELECT t.points, t.occurred_at FROM points_posting t
        WHERE (p_day_cap IS NOT NULL OR p_month_cap IS NOT NULL)
          AND t.member_id = p_from AND t.kind = 'transfer' AND t.program_id = p_program
          AND t.occurred_at >= least(lower(p_day), lower(p_month)) AND t.occurred_at < greatest(upper(p_day), upper(p_month))
        -- A sum over nothing is null: no transfer yet is zero transferred.
        UNION ALL SELECT 0, lower(p_day)
        UNION ALL SELECT 0, lower(p_month)
    ) p
$$;

-- Outcomes: posted | replayed | reference_reused | points_out_of_range | same_member | transfer_cap_reached (with what is
-- `left` of it) | insufficient_points (with what is `short`). `p_detail` is kept beside the receiver and the lots.
CREATE FUNCTION points_transfer(
    p_from uuid, p_to uuid, p_program integer, p_unit integer, p_points bigint, p_source_ref text, p_at timestamptz,
    p_day_cap bigint, p_day tstzrange, p_month_cap bigint, p_month tstzrange, p_detail jsonb, p_actor text,
    OUT outcome text, OUT posting_id uuid, OUT short bigint, OUT "left" bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    earlier points_posting;
    v_from points_wallet;
    v_to points_wallet;
    v_lots points_carried[];
    v_repaid bigint;
BEGIN
    FOR v_look IN 1 .. 2 LOOP
        SELECT * INTO earlier FROM points_posting
            WHERE unit_id = p_unit AND kind = 'transfer' AND source_ref = p_source_ref;
        IF FOUND THEN
            posting_id := earlier.id;
            outcome := CASE WHEN (earlier.member_id, earlier.program_id, earlier.points, earlier.detail -> 'to')
                                 = (p_from, p_program, p_points, to_jsonb(p_to)) THEN 'replayed' ELSE 'reference_reused' END;
            RETURN;
        END IF;
        IF p_points NOT BETWEEN 1 AND 1000000000 THEN
            outcome := 'points_out_of_range';
        ELSIF p_from = p_to THEN
            outcome := 'same_member';
        END IF;
        IF outcome IS NOT NULL THEN
            RETURN;
        END IF;
        SELECT * INTO v_from FROM points_wallet w WHERE w.member_id = p_from AND w.program_id = p_program;
        SELECT * INTO v_to FROM points_wallet w WHERE w.member_id = p_to AND w.program_id = p_program;
        IF v_look = 2 OR v_to.id IS NULL THEN
            "left" := points_transfer_left(p_from, p_program, p_day_cap, p_day, p_month_cap, p_month);
            v_lots := points_take(v_from.id, least(p_points, coalesce(points_beyond_debt(v_from.id, v_from.balance, v_from.debt, p_at), 0)),
                                  p_at);
            short := p_points - points_in(v_lots);
            IF p_points > "left" THEN
                outcome := 'transfer_cap_reached';
                short := NULL;
            ELSIF short > 0 THEN
                outcome := 'insufficient_points';
            END IF;
            -- A twin that posted since the first look took what seems to be missing: then the second look answers.
            IF outcome IS NOT NULL AND (v_look = 2 OR NOT EXISTS (
                    SELECT FROM points_posting p
                    WHERE p.unit_id = p_unit AND p.kind = 'transfer' AND p.source_ref = p_source_ref)) THEN
                RETURN;
            END IF;
            outcome := NULL;
        END IF;
        EXIT WHEN v_look = 2;
        IF v_to.id IS NULL THEN
            INSERT INTO points_wallet (member_id, program_id) VALUES (p_to, p_program)
                ON CONFLICT (member_id, program_id) DO NOTHING;
        END IF;
        PERFORM FROM points_wallet w WHERE w.member_id IN (p_from, p_to) AND w.program_id = p_program
            ORDER BY w.id FOR NO KEY UPDATE;
    END LOOP;

    -- What is received repays a debt first, as points earned do.
    v_lots := points_reborn(v_lots, v_to.debt);
    v_repaid := least(v_to.debt, p_points);
    posting_id := points_post_carried(
        'transfer', p_unit, p_source_ref, p_from, p_program, p_points, p_at, p_actor, NULL,
        p_detail || jsonb_build_object('to', p_to, 'lots', points_origins(v_lots)), 'transfer',
        ARRAY[(p_from, v_from.id, -p_points, 0), (p_to, v_to.id, p_points, -v_repaid)]::points_moved[],
        v_lots, p_to, v_to.id);
    outcome := 'posted';
END $$;

-- The batch twin: receivers' wallets first (of givers who have as much), all wallets locked in one order, then each in
-- turn; one that is refused leaves the others alone.
CREATE FUNCTION points_transfer_many(
    p_from uuid[], p_to uuid[], p_programs integer[], p_units integer[], p_points bigint[], p_source_refs text[],
    p_at timestamptz[], p_day_caps bigint[], p_days tstzrange[], p_month_caps bigint[], p_months tstzrange[],
    p_details jsonb[], p_actor text
) RETURNS TABLE (outcome text, posting_id uuid, short bigint, "left" bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO points_wallet (member_id, program_id)
        SELECT DISTINCT a.receiver, a.program FROM unnest(p_from, p_to, p_programs, p_points) AS a (giver, receiver, program, points)
        JOIN points_wallet g ON (g.member_id, g.program_id) = (a.giver, a.program) AND g.balance >= a.points
        WHERE a.points > 0 AND a.giver <> a.receiver
          AND NOT EXISTS (SELECT FROM points_wallet w WHERE (w.member_id, w.program_id) = (a.receiver, a.program))
        ORDER BY 1, 2
        ON CONFLICT (member_id, program_id) DO NOTHING;
    PERFORM FROM points_wallet w
        JOIN (SELECT DISTINCT a.* FROM unnest(p_from || p_to, p_programs || p_programs) AS a (member_id, program_id)) a
            USING (member_id, program_id)
        ORDER BY w.id FOR NO KEY UPDATE OF w;
    FOR i IN 1 .. coalesce(array_length(p_from, 1), 0) LOOP
        RETURN QUERY SELECT r.outcome, r.posting_id, r.short, r."left"
            FROM points_transfer(p_from[i], p_to[i], p_programs[i], p_units[i], p_points[i], p_source_refs[i], p_at[i],
                                 p_day_caps[i], p_days[i], p_month_caps[i], p_months[i], p_details[i], p_actor) r;
    END LOOP;
END $$;

-- Lock all wallets of several members, by id: a price that a household pays together is one transaction of many calls, and
-- the first of them must take every lock that the others will. The payer's wallet in the price's program is made if missing.
CREATE FUNCTION points_lock_wallets(p_members uuid[], p_payer uuid, p_program integer)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM points_wallet w WHERE w.member_id = p_payer AND w.program_id = p_program) THEN
        INSERT INTO points_wallet (member_id, program_id) VALUES (p_payer, p_program)
            ON CONFLICT (member_id, program_id) DO NOTHING;
    END IF;
    PERFORM FROM points_wallet w WHERE w.member_id = ANY (p_members) OR w.member_id = p_payer ORDER BY w.id FOR NO KEY UPDATE;
END $$;

REVOKE ALL ON FUNCTION
    points_transfer_left(uuid, integer, bigint, tstzrange, bigint, tstzrange),
    points_transfer(uuid, uuid, integer, integer, bigint, text, timestamptz, bigint, tstzrange, bigint, tstzrange, jsonb, text),
    points_transfer_many(uuid[], uuid[], integer[], integer[], bigint[], text[], timestamptz[], bigint[], tstzrange[], bigint[],
                         tstzrange[], jsonb[], text),
    points_lock_wallets(uuid[], uuid, integer)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    points_transfer_left(uuid, integer, bigint, tstzrange, bigint, tstzrange),
    points_transfer(uuid, uuid, integer, integer, bigint, text, timestamptz, bigint, tstzrange, bigint, tstzrange, jsonb, text),
    points_transfer_many(uuid[], uuid[], integer[], integer[], bigint[], text[], timestamptz[], bigint[], tstzrange[], bigint[],
                         tstzrange[], jsonb[], text),
    points_lock_wallets(uuid[], uuid, integer)
TO loyalty_app;
