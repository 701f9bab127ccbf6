-- Invariant: a move changes whose points they are, and nothing else: every lot with points left (pending and dead ones too) lives
-- on in the other wallet as it was, and the debt goes with them. Balance = lots − debt stays true of both.
-- Order: look · a missing wallet is made · lock both wallets by id · look again · draw · posting · lots · entries.

-- Nothing is repaid by a move: lots and debt stand beside each other as they did, and are spendable only beyond it. So what a
-- move did can be undone, even after later spending. Lots and debt have an entry each: their sum could be zero.
-- `detail`: who it went `to`, what was `moved`, the `debt` that went along, and which new lot came from which.
-- Outcomes: posted | replayed | reference_reused | same_member | wallet_has_holds (with the `holds`) | nothing_to_move.
CREATE FUNCTION points_move_wallet(
    p_from uuid, p_to uuid, p_program integer, p_unit integer, p_source_ref text, p_at timestamptz, p_actor text,
    OUT outcome text, OUT posting_id uuid, OUT moved bigint, OUT debt bigint, OUT holds uuid[]
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    earlier points_posting;
    v_from points_wallet;
    v_to points_wallet;
    v_lots points_carried[];
BEGIN
    FOR v_look IN 1 .. 2 LOOP
        SELECT * INTO earlier FROM points_posting WHERE unit_id = p_unit AND kind = 'move' AND source_ref = p_source_ref;
        IF FOUND THEN
            posting_id := earlier.id;
            moved := earlier.detail -> 'moved';
            debt := earlier.detail -> 'debt';
            outcome := CASE WHEN (earlier.member_id, earlier.program_id, earlier.detail -> 'to')
                                 = (p_from, p_program, to_jsonb(p_to)) THEN 'replayed' ELSE 'reference_reused' END;
            RETURN;
        END IF;
        IF p_from = p_to THEN
            outcome := 'same_member';
            RETURN;
        END IF;
        SELECT * INTO v_from FROM points_wallet w WHERE w.member_id = p_from AND w.program_id = p_program;
        SELECT * INTO v_to FROM points_wallet w WHERE w.member_id = p_to AND w.program_id = p_program;
        IF v_look = 2 OR v_to.id IS NULL THEN
            SELECT array_agg(DISTINCT h.id) INTO holds
                FROM points_lot l JOIN points_holdlot d ON d.lot_id = l.id
                JOIN points_hold h ON h.id = d.hold_id AND h.status = 'open'
                WHERE l.wallet_id = v_from.id AND l.is_open AND l.held > 0;
            IF holds IS NOT NULL THEN
                outcome := 'wallet_has_holds';
                RETURN;
            END IF;
            SELECT coalesce(array_agg((l.id, NULL, l.issuer_id, l.remaining, l.unit_cost, l.earned_at, l.available_at,
                                       l.expires_at, points_still_rolls(l.id, l.rolls), 0)::points_carried
                                      ORDER BY l.expires_at, l.earned_at, l.id), '{}')
                INTO v_lots FROM points_lot l WHERE l.wallet_id = v_from.id AND l.is_open;
            moved := points_in(v_lots);
            debt := coalesce(v_from.debt, 0);
            IF moved + debt = 0 THEN
                outcome := 'nothing_to_move';
                RETURN;
            END IF;
        END IF;
        EXIT WHEN v_look = 2;
        IF v_to.id IS NULL THEN
            INSERT INTO points_wallet (member_id, program_id) VALUES (p_to, p_program)
                ON CONFLICT (member_id, program_id) DO NOTHING;
        END IF;
        PERFORM FROM points_wallet w WHERE w.member_id IN (p_from, p_to) AND w.program_id = p_program
            ORDER BY w.id FOR NO KEY UPDATE;
    END LOOP;

    v_lots := points_reborn(v_lots, 0);
    posting_id := points_post_carried(
        'move', p_unit, p_source_ref, p_from, p_program, moved + debt, p_at, p_actor, NULL,
        jsonb_build_object('to', p_to, 'moved', moved, 'debt', debt, 'lots', points_origins(v_lots)), 'transfer',
        ARRAY[(p_from, v_from.id, -moved, 0), (p_from, v_from.id, debt, -debt),
              (p_to, v_to.id, moved, 0), (p_to, v_to.id, -debt, debt)]::points_moved[],
        v_lots, p_to, v_to.id);
    outcome := 'posted';
END $$;

-- Undo a move: what remains of each moved lot goes back into the lot it came from, and the debt with it, as far as it was
-- not repaid meanwhile. `kept` says of each lot that could not go back whole where the rest is: {"<old lot>": {"spent": 3,
-- "expired": 0, "held": 2}}; and `debt_repaid` what the other member paid off. Moves that follow one another are undone last first.
-- Undone again, it gives back what has come free since. A rolling lot keeps the later end: renewed points stay renewed.
-- Outcomes: posted | replayed | reference_reused | not_a_move | nothing_to_move.
CREATE FUNCTION points_unmove(
    p_move uuid, p_source_ref text, p_at timestamptz, p_actor text,
    OUT outcome text, OUT posting_id uuid, OUT moved bigint, OUT debt bigint, OUT kept jsonb
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    o points_posting;
    earlier points_posting;
    v_from points_wallet;
    v_to points_wallet;
    v_owing bigint;
    v_lots points_carried[];
BEGIN
    SELECT * INTO o FROM points_posting WHERE id = p_move AND kind = 'move';
    IF NOT FOUND THEN
        outcome := 'not_a_move';
        RETURN;
    END IF;
    FOR v_look IN 1 .. 2 LOOP
        SELECT * INTO earlier FROM points_posting
            WHERE unit_id = o.unit_id AND kind = 'reversal' AND source_ref = p_source_ref;
        IF FOUND THEN
            posting_id := earlier.id;
            moved := earlier.detail -> 'moved';
            debt := -(earlier.detail ->> 'debt')::bigint;
            kept := earlier.detail -> 'kept';
            outcome := CASE WHEN earlier.reverses = p_move THEN 'replayed' ELSE 'reference_reused' END;
            RETURN;
        END IF;
        EXIT WHEN v_look = 2;
        PERFORM FROM points_wallet w
            WHERE w.member_id IN (o.member_id, (o.detail ->> 'to')::uuid) AND w.program_id = o.program_id
            ORDER BY w.id FOR NO KEY UPDATE;
    END LOOP;
    SELECT * INTO v_from FROM points_wallet w WHERE w.member_id = (o.detail ->> 'to')::uuid AND w.program_id = o.program_id;
    SELECT * INTO v_to FROM points_wallet w WHERE w.member_id = o.member_id AND w.program_id = o.program_id;

    -- Drawn from the moved lots, and, with the other sign, put back where they came from: lots that exist, no new ones.
    SELECT coalesce(array_agg((x.lot, NULL, l.issuer_id, x.points, l.unit_cost, l.earned_at, l.available_at, l.expires_at,
                               l.rolls, 0)::points_carried ORDER BY l.id, x.points DESC), '{}'),
           coalesce(sum(x.points) FILTER (WHERE x.points > 0), 0)::bigint
        INTO v_lots, moved
        FROM points_lot l
        CROSS JOIN LATERAL (VALUES (l.id, l.remaining - l.held),
                                   ((o.detail -> 'lots' ->> l.id::text)::uuid, l.held - l.remaining)) AS x (lot, points)
        WHERE l.posting_id = p_move AND l.is_open AND l.remaining > l.held
          -- What has died in the other wallet ends there: the lot it came from may roll, and would wake it.
          AND (NOT l.rolls OR points_still_rolls(l.id, true));
    -- Of the debt that went along: what no earlier undoing took back, as far as it is still owed.
    v_owing := (o.detail ->> 'debt')::bigint + (SELECT coalesce(sum((p.detail ->> 'debt')::bigint), 0) FROM points_posting p
                                                WHERE p.reverses = p_move);
    debt := least(v_owing, v_from.debt);
    SELECT coalesce(jsonb_object_agg(k.old_lot, jsonb_build_object('spent', k.gone - k.expired, 'expired', k.expired + k.dead,
                                                                   'held', k.held)),
                    '{}') INTO kept
        FROM (
            SELECT o.detail -> 'lots' ->> l.id::text AS old_lot, l.held,
                   coalesce(sum(d.points) FILTER (WHERE p.reverses IS DISTINCT FROM p_move), 0)::bigint AS gone,
                   coalesce(sum(d.points) FILTER (WHERE p.kind = 'expiry'), 0)::bigint AS expired,
                   CASE WHEN l.rolls AND NOT points_still_rolls(l.id, true) THEN l.remaining - l.held ELSE 0 END AS dead
            FROM points_lot l
            LEFT JOIN points_draw d ON d.lot_id = l.id
            LEFT JOIN points_posting p ON p.id = d.posting_id
            WHERE l.posting_id = p_move
            GROUP BY l.id, l.rolls, l.remaining, l.held
        ) k WHERE k.gone > 0 OR k.held > 0;
    IF moved + debt = 0 THEN
        outcome := 'nothing_to_move';
        RETURN;
    END IF;

    UPDATE points_lot l SET expires_at = n.expires_at
        FROM points_lot n
        WHERE n.posting_id = p_move AND n.is_open AND n.remaining > n.held AND points_still_rolls(n.id, n.rolls)
          AND l.id = (o.detail -> 'lots' ->> n.id::text)::uuid AND l.expires_at < n.expires_at;
    posting_id := points_post_carried(
        'reversal', o.unit_id, p_source_ref, o.member_id, o.program_id, moved + debt, p_at, p_actor, p_move,
        jsonb_build_object('to', o.detail -> 'to', 'moved', moved, 'debt', -debt, 'debt_repaid', v_owing - debt, 'kept', kept),
        'transfer',
        ARRAY[(v_from.member_id, v_from.id, -moved, 0), (v_from.member_id, v_from.id, debt, -debt),
              (v_to.member_id, v_to.id, moved, 0), (v_to.member_id, v_to.id, -debt, debt)]::points_moved[],
        v_lots, NULL, NULL);
    outcome := 'posted';
END $$;

-- The batch twins: all wallets locked in one order, then each in turn; one that is refused leaves the others alone. Missing
-- wallets of receivers are made first, where there is something to receive.
CREATE FUNCTION points_move_wallet_many(
    p_from uuid[], p_to uuid[], p_programs integer[], p_units integer[], p_source_refs text[], p_at timestamptz[], p_actor text
) RETURNS TABLE (outcome text, posting_id uuid, moved bigint, debt bigint, holds uuid[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO points_wallet (member_id, program_id)
        SELECT DISTINCT a.receiver, a.program FROM unnest(p_from, p_to, p_programs) AS a (giver, receiver, program)
        JOIN points_wallet g ON (g.member_id, g.program_id) = (a.giver, a.program) AND (g.balance > 0 OR g.debt > 0)
        WHERE a.giver <> a.receiver
          AND NOT EXISTS (SELECT FROM points_wallet w WHERE (w.member_id, w.program_id) = (a.receiver, a.program))
        ORDER BY 1, 2
        ON CONFLICT (member_id, program_id) DO NOTHING;
    PERFORM FROM points_wallet w
        JOIN (SELECT DISTINCT a.* FROM unnest(p_from || p_to, p_programs || p_programs) AS a (member_id, program_id)) a
            USING (member_id, program_id)
        ORDER BY w.id FOR NO KEY UPDATE OF w;
    FOR i IN 1 .. coalesce(array_length(p_from, 1), 0) LOOP
        RETURN QUERY SELECT r.outcome, r.posting_id, r.moved, r.debt, r.holds
            FROM points_move_wallet(p_from[i], p_to[i], p_programs[i], p_units[i], p_source_refs[i], p_at[i], p_actor) r;
    END LOOP;
END $$;

CREATE FUNCTION points_unmove_many(p_moves uuid[], p_source_refs text[], p_at timestamptz[], p_actor text)
RETURNS TABLE (outcome text, posting_id uuid, moved bigint, debt bigint, kept jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM points_wallet w
        JOIN (SELECT DISTINCT side.member_id, p.program_id FROM points_posting p
              CROSS JOIN LATERAL (VALUES (p.member_id), ((p.detail ->> 'to')::uuid)) AS side (member_id)
              WHERE p.id = ANY (p_moves) AND p.kind = 'move') a USING (member_id, program_id)
        ORDER BY w.id FOR NO KEY UPDATE OF w;
    FOR i IN 1 .. coalesce(array_length(p_moves, 1), 0) LOOP
        RETURN QUERY SELECT r.outcome, r.posting_id, r.moved, r.debt, r.kept
            FROM points_unmove(p_moves[i], p_source_refs[i], p_at[i], p_actor) r;
    END LOOP;
END $$;

REVOKE ALL ON FUNCTION
    points_move_wallet(uuid, uuid, integer, integer, text, timestamptz, text),
    points_move_wallet_many(uuid[], uuid[], integer[], integer[], text[], timestamptz[], text),
    points_unmove(uuid, text, timestamptz, text),
    points_unmove_many(uuid[], text[], timestamptz[], text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    points_move_wallet(uuid, uuid, integer, integer, text, timestamptz, text),
    points_move_wallet_many(uuid[], uuid[], integer[], integer[], text[], timestamptz[], text),
    points_unmove(uuid, text, timestamptz, text),
    points_unmove_many(uuid[], text[], timestamptz[], text)
TO loyalty_app;
