-- Invariant: an early release changes when points can be spent, and nothing else: no balance, no cost, no end.
-- Order: look · lock the wallet · look again · draw what is still pending · posting · lots.

-- A pending lot matures by its instant alone, without a posting: nothing has to run for it. This is for what becomes sure
-- sooner: a guest has checked out, a return window was waived.
-- Outcomes: posted | replayed | reference_reused | not_an_accrual | nothing_pending.
CREATE FUNCTION points_mature(
    p_accrual uuid, p_source_ref text, p_at timestamptz, p_actor text,
    OUT outcome text, OUT posting_id uuid, OUT released bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    o points_posting;
    earlier points_posting;
    v_wallet bigint;
    v_lots points_carried[];
BEGIN
    SELECT * INTO o FROM points_posting WHERE id = p_accrual AND kind = 'accrual';
    IF NOT FOUND THEN
        outcome := 'not_an_accrual';
        RETURN;
    END IF;
    FOR v_look IN 1 .. 2 LOOP
        SELECT * INTO earlier FROM points_posting
            WHERE unit_id = o.unit_id AND kind = 'maturity' AND source_ref = p_source_ref;
        IF FOUND THEN
            posting_id := earlier.id;
            released := earlier.points;
            outcome := CASE WHEN earlier.detail -> 'accrual' = to_jsonb(p_accrual) THEN 'replayed' ELSE 'reference_reused' END;
            RETURN;
        END IF;
        EXIT WHEN v_look = 2;
        SELECT w.id INTO v_wallet FROM points_wallet w
            WHERE w.member_id = o.member_id AND w.program_id = o.program_id FOR NO KEY UPDATE;
    END LOOP;

    SELECT coalesce(array_agg((l.id, points_uuid7(), l.issuer_id, l.remaining - l.held, l.unit_cost, l.earned_at, p_at,
                               l.expires_at, points_still_rolls(l.id, l.rolls), 0)::points_carried ORDER BY l.expires_at, l.earned_at, l.id), '{}')
        INTO v_lots
        FROM points_lot l
        WHERE l.posting_id = p_accrual AND l.wallet_id = v_wallet AND l.is_open AND l.remaining > l.held
          AND l.available_at > p_at AND l.expires_at > p_at;
    released := points_in(v_lots);
    IF released = 0 THEN
        outcome := 'nothing_pending';
        RETURN;
    END IF;
    posting_id := points_post_carried(
        'maturity', o.unit_id, p_source_ref, o.member_id, o.program_id, released, p_at, p_actor, NULL,
        jsonb_build_object('accrual', p_accrual, 'lots', points_origins(v_lots)), 'issued', '{}', v_lots, o.member_id, v_wallet);
    outcome := 'posted';
END $$;

-- The batch twin: all wallets locked in one order, then each in turn.
CREATE FUNCTION points_mature_many(p_accruals uuid[], p_source_refs text[], p_at timestamptz[], p_actor text)
RETURNS TABLE (outcome text, posting_id uuid, released bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM points_wallet w
        JOIN (SELECT DISTINCT p.member_id, p.program_id FROM points_posting p WHERE p.id = ANY (p_accruals)) a
            USING (member_id, program_id)
        ORDER BY w.id FOR NO KEY UPDATE OF w;
    FOR i IN 1 .. coalesce(array_length(p_accruals, 1), 0) LOOP
        RETURN QUERY SELECT r.outcome, r.posting_id, r.released
            FROM points_mature(p_accruals[i], p_source_refs[i], p_at[i], p_actor) r;
    END LOOP;
END $$;

REVOKE ALL ON FUNCTION
    points_mature(uuid, text, timestamptz, text), points_mature_many(uuid[], text[], timestamptz[], text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    points_mature(uuid, text, timestamptz, text), points_mature_many(uuid[], text[], timestamptz[], text)
TO loyalty_app;
