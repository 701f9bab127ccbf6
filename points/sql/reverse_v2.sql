-- Invariant: nothing is edited: a reversal is a new posting that points at the old one, and all reversals of one posting
-- together never exceed it, however they are cut or raced. Reversing twice under one reference reverses once.
-- Since v1: the posting's id and instant are taken under the locks, and each function has its batch twin. What did not change
-- (the types, points_kept, points_kept_shares) stands in reverse_v1.sql.

-- Take back `p_points` of an accrual: from its own lot, then from the wallet's other living lots in spending order, and
-- what is short by the policy: `debt` (later accruals repay it first), `clamp` (it is forgiven) or `refuse`.
-- Outcomes: posted | replayed | reference_reused | not_an_accrual | reversal_exceeds_original | insufficient_points.
CREATE OR REPLACE FUNCTION points_reverse_accrual(
    p_original uuid, p_points bigint, p_source_ref text, p_at timestamptz, p_actor text, p_policy text,
    OUT outcome text, OUT posting_id uuid, OUT taken bigint, OUT owed bigint, OUT forgiven bigint, OUT short bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    o points_posting;
    earlier points_posting;
    v_wallet bigint;
    v_lot record;
    v_take bigint;
    v_lots uuid[] := '{}';
    v_points bigint[] := '{}';
    v_detail jsonb;
    v_now timestamptz;
BEGIN
    SELECT * INTO o FROM points_posting WHERE id = p_original AND kind = 'accrual';
    IF NOT FOUND THEN
        outcome := 'not_an_accrual';
        RETURN;
    END IF;
    -- Look, lock, look again: see redeem_v1.sql.
    FOR v_look IN 1 .. 2 LOOP
        SELECT * INTO earlier FROM points_posting
            WHERE unit_id = o.unit_id AND kind = 'reversal' AND source_ref = p_source_ref;
        IF FOUND THEN
            posting_id := earlier.id;
            outcome := CASE WHEN (earlier.reverses, earlier.points) = (p_original, p_points)
                            THEN 'replayed' ELSE 'reference_reused' END;
            taken := earlier.detail -> 'taken';
            owed := earlier.detail -> 'owed';
            forgiven := earlier.detail -> 'forgiven';
            RETURN;
        END IF;
        EXIT WHEN v_look = 2;
        SELECT w.id INTO v_wallet FROM points_wallet w
            WHERE w.member_id = o.member_id AND w.program_id = o.program_id FOR NO KEY UPDATE;
    END LOOP;
    short := (SELECT coalesce(sum(p.points), 0) FROM points_posting p WHERE p.reverses = p_original) + p_points - o.points;
    IF p_points < 1 OR short > 0 THEN
        outcome := 'reversal_exceeds_original';
        RETURN;
    END IF;

    short := p_points;
    FOR v_lot IN
        -- What remains of the original lot is taken even if it died unswept: those points were never spent.
        SELECT l.id, l.remaining - l.held AS remaining FROM points_lot l
        WHERE l.wallet_id = v_wallet AND l.is_open AND l.remaining > l.held AND (l.posting_id = p_original OR l.expires_at > p_at)
        ORDER BY l.posting_id <> p_original, l.expires_at, l.earned_at, l.id
    LOOP
        v_take := least(v_lot.remaining, short);
        v_lots := v_lots || v_lot.id;
        v_points := v_points || v_take;
        short := short - v_take;
        EXIT WHEN short = 0;
    END LOOP;
    IF short > 0 AND p_policy = 'refuse' THEN
        outcome := 'insufficient_points';
        RETURN;
    END IF;
    taken := p_points - short;
    owed := CASE WHEN p_policy = 'debt' THEN short ELSE 0 END;
    forgiven := short - owed;
    v_detail := jsonb_build_object('taken', taken, 'owed', owed, 'forgiven', forgiven);

    v_now := clock_timestamp();
    posting_id := points_uuid7();
    INSERT INTO points_posting (id, kind, unit_id, source_ref, member_id, program_id, points, occurred_at, posted_at,
                                actor, rule, reverses, detail, digest)
    VALUES (posting_id, 'reversal', o.unit_id, p_source_ref, o.member_id, o.program_id, p_points, p_at, v_now, p_actor,
            o.rule, p_original, v_detail,
            points_digest(
                points_posting_text(posting_id, 'reversal', o.unit_id, p_source_ref, o.member_id, o.program_id, p_points,
                                    p_at, v_now, p_actor, o.rule, p_original, v_detail),
                CASE WHEN taken + owed > 0
                     THEN points_entry_text(o.member_id, o.program_id, 'issued', o.unit_id, -(taken + owed)) END,
                points_draws_text(v_lots, v_points), NULL));
    INSERT INTO points_draw (posting_id, lot_id, member_id, points)
        SELECT posting_id, d.lot, o.member_id, d.points FROM unnest(v_lots, v_points) AS d (lot, points);
    UPDATE points_lot l SET remaining = l.remaining - d.points, is_open = l.remaining > d.points
        FROM unnest(v_lots, v_points) AS d (lot, points) WHERE l.id = d.lot;
    IF taken + owed > 0 THEN
        INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
        VALUES (posting_id, o.member_id, v_wallet, o.program_id, 'issued', o.unit_id, -(taken + owed));
        UPDATE points_wallet SET balance = balance - taken - owed, debt = debt + owed WHERE id = v_wallet;
    END IF;
    outcome := 'posted';
END $$;

-- Whether a lot lives, or lived, by a grace, also one that changed hands or state since: to spend it and cancel once more
-- must not give it another life.
CREATE FUNCTION points_had_grace(p_lot uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    WITH RECURSIVE line AS (
        SELECT l.id, l.posting_id FROM points_lot l WHERE l.id = p_lot
        UNION ALL
        SELECT o.id, o.posting_id
        FROM line n
        JOIN points_posting b ON b.id = n.posting_id AND b.kind IN ('transfer', 'move', 'maturity')
        JOIN points_lot o ON o.id = (b.detail -> 'lots' ->> n.id::text)::uuid
    )
    SELECT EXISTS (SELECT FROM line n JOIN points_posting p ON p.id = n.posting_id WHERE p.kind = 'reversal')
$$;
REVOKE ALL ON FUNCTION points_had_grace(uuid) FROM PUBLIC;

-- Put `p_points` (of the price's program) of a redemption back, into the very lots they came from: the last drawn first,
-- so that any cutting into parts adds up to the whole, to the point. A lot that died meanwhile is refilled as it is (the
-- next sweep ends it), or, with `p_grace_until`, its points live on in a new lot of the same issuer and cost until then:
-- a grace is a grace, so that lot does not roll, and nothing gets a second one. What goes back into a living lot rolls on with it.
-- Outcomes: posted | replayed | reference_reused | not_a_redemption | reversal_exceeds_original.
CREATE OR REPLACE FUNCTION points_reverse_redemption(
    p_original uuid, p_points bigint, p_source_ref text, p_at timestamptz, p_grace_until timestamptz, p_actor text,
    OUT outcome text, OUT posting_id uuid, OUT shares jsonb
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    o points_posting;
    earlier points_posting;
    v_before bigint;
    v_back points_restoration[];
    v_detail jsonb;
    v_now timestamptz;
    v_id uuid;
BEGIN
    SELECT * INTO o FROM points_posting WHERE id = p_original AND kind = 'redemption';
    IF NOT FOUND THEN
        outcome := 'not_a_redemption';
        RETURN;
    END IF;
    -- Look, lock, look again: see redeem_v1.sql.
    FOR v_look IN 1 .. 2 LOOP
        SELECT * INTO earlier FROM points_posting
            WHERE unit_id = o.unit_id AND kind = 'reversal' AND source_ref = p_source_ref;
        IF FOUND THEN
            posting_id := earlier.id;
            outcome := CASE WHEN (earlier.reverses, earlier.points) = (p_original, p_points)
                            THEN 'replayed' ELSE 'reference_reused' END;
            shares := earlier.detail -> 'shares';
            RETURN;
        END IF;
        EXIT WHEN v_look = 2;
        PERFORM FROM points_wallet w WHERE w.member_id = o.member_id ORDER BY w.id FOR NO KEY UPDATE;
    END LOOP;
    SELECT coalesce(sum(p.points), 0) INTO v_before FROM points_posting p WHERE p.reverses = p_original;
    IF p_points < 1 OR v_before + p_points > o.points THEN
        outcome := 'reversal_exceeds_original';
        RETURN;
    END IF;

    -- What stays spent is a prefix: of the shares in the order they were drawn, and of each share's draws likewise.
    -- What comes back is the difference between the prefix before this reversal and the one after it.
    WITH kept AS (
        SELECT b.ord, b.program_id, b.kept AS spent_before, a.kept AS spent_after, b.covering - a.covering AS uncovered
        FROM points_kept_shares(o.detail -> 'shares', o.points - v_before) b
        JOIN points_kept_shares(o.detail -> 'shares', o.points - v_before - p_points) a USING (ord)
    ), drawn AS (
        SELECT l.*, d.points AS drawn, d.id AS draw_id,
               coalesce(sum(d.points) OVER (PARTITION BY l.wallet_id ORDER BY d.id
                                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint AS cum
        FROM points_draw d JOIN points_lot l ON l.id = d.lot_id WHERE d.posting_id = p_original
    )
    SELECT array_agg((d.id, d.wallet_id, d.program_id, d.issuer_id, d.unit_cost, d.earned_at, b.points,
                      CASE WHEN d.expires_at <= p_at AND p_grace_until IS NOT NULL AND NOT points_had_grace(d.id)
                           THEN points_uuid7() END
                     )::points_restoration ORDER BY d.draw_id),
           (SELECT jsonb_agg(jsonb_build_object('program', k.program_id, 'spent', k.spent_before - k.spent_after,
                                                'covered', k.uncovered) ORDER BY k.ord)
            FROM kept k WHERE k.uncovered > 0)
    INTO v_back, shares
    FROM drawn d
    JOIN kept k ON k.program_id = d.program_id
    CROSS JOIN LATERAL (SELECT greatest(0, least(d.drawn, k.spent_before - d.cum))
                             - greatest(0, least(d.drawn, k.spent_after - d.cum)) AS points) b
    WHERE b.points > 0;
    v_detail := jsonb_build_object('shares', shares);

    v_now := clock_timestamp();
    v_id := points_uuid7();
    INSERT INTO points_posting (id, kind, unit_id, source_ref, member_id, program_id, points, occurred_at, posted_at,
                                actor, rule, reverses, detail, digest)
    VALUES (v_id, 'reversal', o.unit_id, p_source_ref, o.member_id, o.program_id, p_points, p_at, v_now, p_actor, '',
            p_original, v_detail,
            points_digest(
                points_posting_text(v_id, 'reversal', o.unit_id, p_source_ref, o.member_id, o.program_id, p_points, p_at,
                                    v_now, p_actor, '', p_original, v_detail),
                (SELECT string_agg(t, E'\n' ORDER BY t COLLATE "C") FROM (
                    SELECT points_entry_text(o.member_id, b.program_id, 'redeemed', o.unit_id, sum(b.points)::bigint) AS t
                    FROM unnest(v_back) b GROUP BY b.program_id) x),
                points_draws_text(
                    (SELECT array_agg(b.lot_id) FROM unnest(v_back) b WHERE b.new_lot_id IS NULL),
                    (SELECT array_agg(-b.points) FROM unnest(v_back) b WHERE b.new_lot_id IS NULL)),
                (SELECT string_agg(t, E'\n' ORDER BY t COLLATE "C") FROM (
                    SELECT points_lot_text(b.new_lot_id, b.issuer_id, b.points, b.unit_cost, b.earned_at, p_at,
                                           p_grace_until) AS t
                    FROM unnest(v_back) b WHERE b.new_lot_id IS NOT NULL) x)));
    INSERT INTO points_draw (posting_id, lot_id, member_id, points)
        SELECT v_id, b.lot_id, o.member_id, -b.points FROM unnest(v_back) b WHERE b.new_lot_id IS NULL;
    UPDATE points_lot l SET remaining = l.remaining + b.points, is_open = true
        FROM unnest(v_back) b WHERE b.new_lot_id IS NULL AND l.id = b.lot_id;
    INSERT INTO points_lot (id, wallet_id, member_id, program_id, issuer_id, posting_id, points, remaining, unit_cost,
                            earned_at, available_at, expires_at, is_open)
        SELECT b.new_lot_id, b.wallet_id, o.member_id, b.program_id, b.issuer_id, v_id, b.points, b.points,
               b.unit_cost, b.earned_at, p_at, p_grace_until, true
        FROM unnest(v_back) b WHERE b.new_lot_id IS NOT NULL;
    INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
        SELECT v_id, o.member_id, b.wallet_id, b.program_id, 'redeemed', o.unit_id, sum(b.points)
        FROM unnest(v_back) b GROUP BY b.wallet_id, b.program_id;
    UPDATE points_wallet w SET balance = w.balance + s.points
        FROM (SELECT b.wallet_id, sum(b.points) AS points FROM unnest(v_back) b GROUP BY b.wallet_id) s
        WHERE w.id = s.wallet_id;
    posting_id := v_id;
    outcome := 'posted';
END $$;

-- The batch twins: all wallets of the batch locked first, in one order, then each reversal in turn; one that is refused leaves
-- the others alone, and the second of two with one reference finds the first.
CREATE FUNCTION points_reverse_accrual_many(
    p_originals uuid[], p_points bigint[], p_source_refs text[], p_at timestamptz[], p_actor text, p_policies text[]
) RETURNS TABLE (outcome text, posting_id uuid, taken bigint, owed bigint, forgiven bigint, short bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM points_wallet w
        WHERE (w.member_id, w.program_id) IN (
            SELECT o.member_id, o.program_id FROM points_posting o WHERE o.id = ANY (p_originals))
        ORDER BY w.id FOR NO KEY UPDATE;
    FOR i IN 1 .. coalesce(array_length(p_originals, 1), 0) LOOP
        RETURN QUERY SELECT r.outcome, r.posting_id, r.taken, r.owed, r.forgiven, r.short
            FROM points_reverse_accrual(p_originals[i], p_points[i], p_source_refs[i], p_at[i], p_actor, p_policies[i]) r;
    END LOOP;
END $$;

CREATE FUNCTION points_reverse_redemption_many(
    p_originals uuid[], p_points bigint[], p_source_refs text[], p_at timestamptz[], p_grace_until timestamptz[],
    p_actor text
) RETURNS TABLE (outcome text, posting_id uuid, shares jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM points_wallet w
        WHERE w.member_id IN (SELECT o.member_id FROM points_posting o WHERE o.id = ANY (p_originals))
        ORDER BY w.id FOR NO KEY UPDATE;
    FOR i IN 1 .. coalesce(array_length(p_originals, 1), 0) LOOP
        RETURN QUERY SELECT r.outcome, r.posting_id, r.shares
            FROM points_reverse_redemption(p_originals[i], p_points[i], p_source_refs[i], p_at[i], p_grace_until[i],
                                           p_actor) r;
    END LOOP;
END $$;

REVOKE ALL ON FUNCTION
    points_reverse_accrual_many(uuid[], bigint[], text[], timestamptz[], text, text[]),
    points_reverse_redemption_many(uuid[], bigint[], text[], timestamptz[], timestamptz[], text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    points_reverse_accrual_many(uuid[], bigint[], text[], timestamptz[], text, text[]),
    points_reverse_redemption_many(uuid[], bigint[], text[], timestamptz[], timestamptz[], text)
TO loyalty_app;
