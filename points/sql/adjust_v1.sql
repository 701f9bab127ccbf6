-- Invariant: an adjustment changes a wallet by exactly what it says, once a reference: a new lot that repays a debt first,
-- or draws in spending order. Who approved it and why stand in its detail.
-- Order: look · a missing wallet is made (to receive) · lock the wallet · look again · draw · posting · lots · entries.

-- `p_points` is signed; the posting keeps the whole number and the detail the sign. A new lot costs `p_unit_cost` a point and
-- dies at `p_expires_at` (null: never). Outcomes: posted | replayed | reference_reused | points_out_of_range |
-- insufficient_points (with what is `short`).
CREATE FUNCTION points_adjust(
    p_member uuid, p_program integer, p_unit integer, p_points bigint, p_source_ref text, p_at timestamptz,
    p_expires_at timestamptz, p_unit_cost numeric, p_rolls boolean, p_detail jsonb, p_actor text,
    OUT outcome text, OUT posting_id uuid, OUT short bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    earlier points_posting;
    w points_wallet;
    v_lots points_carried[];
    v_repaid bigint := 0;
BEGIN
    -- Look, lock, look again: see redeem_v1.sql.
    FOR v_look IN 1 .. 2 LOOP
        SELECT * INTO earlier FROM points_posting
            WHERE unit_id = p_unit AND kind = 'adjustment' AND source_ref = p_source_ref;
        IF FOUND THEN
            posting_id := earlier.id;
            outcome := CASE WHEN (earlier.member_id, earlier.program_id, earlier.detail -> 'points')
                                 = (p_member, p_program, to_jsonb(p_points)) THEN 'replayed' ELSE 'reference_reused' END;
            RETURN;
        END IF;
        EXIT WHEN v_look = 2;
        IF p_points = 0 OR p_points NOT BETWEEN -1000000000 AND 1000000000 THEN
            outcome := 'points_out_of_range';
            RETURN;
        END IF;
        IF p_points > 0 AND NOT EXISTS (SELECT FROM points_wallet x WHERE x.member_id = p_member AND x.program_id = p_program) THEN
            INSERT INTO points_wallet (member_id, program_id) VALUES (p_member, p_program)
                ON CONFLICT (member_id, program_id) DO NOTHING;
        END IF;
        SELECT * INTO w FROM points_wallet x WHERE x.member_id = p_member AND x.program_id = p_program FOR NO KEY UPDATE;
    END LOOP;

    IF p_points > 0 THEN
        v_repaid := least(w.debt, p_points);
        v_lots := ARRAY[(NULL, points_uuid7(), p_unit, p_points, p_unit_cost, p_at, p_at, coalesce(p_expires_at, 'infinity'),
                         p_rolls, v_repaid)::points_carried];
    ELSE
        v_lots := points_take(w.id, least(-p_points, coalesce(points_beyond_debt(w.id, w.balance, w.debt, p_at), 0)), p_at);
        short := -p_points - points_in(v_lots);
        IF short > 0 THEN
            outcome := 'insufficient_points';
            RETURN;
        END IF;
    END IF;
    posting_id := points_post_carried(
        'adjustment', p_unit, p_source_ref, p_member, p_program, abs(p_points), p_at, p_actor, NULL,
        p_detail || jsonb_build_object('points', p_points)
            -- It renews nothing: only its own first end is told, which the digest leaves out of a lot that rolls.
            || CASE WHEN p_points > 0 AND p_rolls
                    THEN jsonb_build_object('lives_until', points_renewals(p_program, p_expires_at)) ELSE '{}' END,
        'adjusted',
        ARRAY[(p_member, w.id, p_points, -v_repaid)::points_moved], v_lots, p_member, w.id);
    outcome := 'posted';
END $$;

-- The batch twin: missing wallets in one order, all wallets locked in one order, then each in turn; one that is refused
-- leaves the others alone.
CREATE FUNCTION points_adjust_many(
    p_members uuid[], p_programs integer[], p_units integer[], p_points bigint[], p_source_refs text[], p_at timestamptz[],
    p_expires_at timestamptz[], p_unit_costs numeric[], p_rolls boolean[], p_details jsonb[], p_actor text
) RETURNS TABLE (outcome text, posting_id uuid, short bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO points_wallet (member_id, program_id)
        SELECT DISTINCT a.member_id, a.program_id FROM unnest(p_members, p_programs, p_points) AS a (member_id, program_id, points)
        WHERE a.points BETWEEN 1 AND 1000000000
          AND NOT EXISTS (SELECT FROM points_wallet w WHERE (w.member_id, w.program_id) = (a.member_id, a.program_id))
        ORDER BY 1, 2
        ON CONFLICT (member_id, program_id) DO NOTHING;
    PERFORM FROM points_wallet w
        JOIN (SELECT DISTINCT a.* FROM unnest(p_members, p_programs) AS a (member_id, program_id)) a USING (member_id, program_id)
        ORDER BY w.id FOR NO KEY UPDATE OF w;
    FOR i IN 1 .. coalesce(array_length(p_members, 1), 0) LOOP
        RETURN QUERY SELECT r.outcome, r.posting_id, r.short
            FROM points_adjust(p_members[i], p_programs[i], p_units[i], p_points[i], p_source_refs[i], p_at[i],
                               p_expires_at[i], p_unit_costs[i], p_rolls[i], p_details[i], p_actor) r;
    END LOOP;
END $$;

REVOKE ALL ON FUNCTION
    points_adjust(uuid, integer, integer, bigint, text, timestamptz, timestamptz, numeric, boolean, jsonb, text),
    points_adjust_many(uuid[], integer[], integer[], bigint[], text[], timestamptz[], timestamptz[], numeric[], boolean[],
                       jsonb[], text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    points_adjust(uuid, integer, integer, bigint, text, timestamptz, timestamptz, numeric, boolean, jsonb, text),
    points_adjust_many(uuid[], integer[], integer[], bigint[], text[], timestamptz[], timestamptz[], numeric[], boolean[],
                       jsonb[], text)
TO loyalty_app;
