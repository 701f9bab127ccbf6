-- Invariant: an alias's wallets are empty. What still comes to them after a merge (a refund, a cancelled payment, an early
-- release) goes on to the survivor in the same transaction.
-- Order: look · the survivor's missing wallets are made · lock both members' wallets by id · look again · act.

-- Checked at the end of the transaction: what is put back into an alias's lot and moved on at once may pass. Whoever meets it
-- resolved the member before the merge: the same call, made again, goes to the survivor.
CREATE FUNCTION points_refuse_points_of_alias() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM points_wallet w
               WHERE w.id = NEW.id AND w.merged_into IS NOT NULL AND (w.balance <> 0 OR w.debt <> 0)) THEN
        RAISE EXCEPTION 'wallet % is of a member who was merged away', NEW.id USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION points_refuse_points_of_alias() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER wallet_of_an_alias_is_empty AFTER UPDATE ON points_wallet
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.merged_into IS NOT NULL AND (NEW.balance <> 0 OR NEW.debt <> 0))
    EXECUTE FUNCTION points_refuse_points_of_alias();

-- An alias gets no wallet either. The lock waits for a merge of the member that is under way.
CREATE TRIGGER an_alias_gets_no_wallet AFTER INSERT ON points_wallet
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION members_refuse_rows_of_alias('member_id');

-- Say of all wallets of these members that they were merged into another's; null: no longer.
CREATE FUNCTION points_point_wallets(p_members uuid[], p_into uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE points_wallet SET merged_into = p_into
    WHERE member_id = ANY (p_members) AND merged_into IS DISTINCT FROM p_into
$$;

-- All locks that a merge and its undoing need, in the one order; before them, the wallets that `p_into` will need.
CREATE FUNCTION points_lock_merging(p_members uuid[], p_into uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO points_wallet (member_id, program_id)
        SELECT DISTINCT p_into, g.program_id FROM points_wallet g
        WHERE g.member_id = ANY (p_members) AND (g.balance <> 0 OR g.debt <> 0)
          AND NOT EXISTS (SELECT FROM points_wallet w WHERE (w.member_id, w.program_id) = (p_into, g.program_id))
        ORDER BY 2
        ON CONFLICT (member_id, program_id) DO NOTHING;
    PERFORM FROM points_wallet w WHERE w.member_id = ANY (p_members) OR w.member_id = p_into ORDER BY w.id FOR NO KEY UPDATE;
END $$;

-- Lock the wallets of an alias and of the member it was merged into; answers the latter. Whoever was merged, or parted, while
-- we waited is asked for again.
CREATE FUNCTION points_lock_merged(p_alias uuid, p_programs integer[]) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    v_into uuid := (SELECT w.merged_into FROM points_wallet w
                    WHERE w.member_id = p_alias AND w.merged_into IS NOT NULL LIMIT 1);
BEGIN
    IF v_into IS NOT NULL THEN
        INSERT INTO points_wallet (member_id, program_id)
            SELECT v_into, n.program FROM unnest(p_programs) AS n (program)
            WHERE NOT EXISTS (SELECT FROM points_wallet w WHERE (w.member_id, w.program_id) = (v_into, n.program))
            ORDER BY 2
            ON CONFLICT (member_id, program_id) DO NOTHING;
        PERFORM FROM points_wallet w WHERE w.member_id IN (p_alias, v_into) ORDER BY w.id FOR NO KEY UPDATE;
    END IF;
    IF v_into IS NULL OR EXISTS (SELECT FROM points_wallet w
                                 WHERE w.member_id = p_alias AND w.merged_into IS DISTINCT FROM v_into) THEN
        RAISE EXCEPTION 'member % was merged or parted meanwhile', p_alias USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN v_into;
END $$;

-- Where the lots that a posting made went by moves of wallets: all of them, wherever they are now.
CREATE FUNCTION points_moved_on(p_posting uuid) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    WITH RECURSIVE line AS (
        SELECT l.id FROM points_lot l WHERE l.posting_id = p_posting
        UNION
        SELECT n.id FROM line
        JOIN points_draw d ON d.lot_id = line.id AND d.points > 0
        JOIN points_posting m ON m.id = d.posting_id AND m.kind = 'move'
        JOIN points_lot n ON n.posting_id = m.id AND m.detail -> 'lots' ->> n.id::text = line.id::text
    )
    SELECT coalesce(array_agg(line.id), '{}') FROM line
$$;

-- Send on to `p_into` all that stands in an alias's wallets. The caller holds the locks of both members' wallets.
CREATE FUNCTION points_send_on(p_alias uuid, p_into uuid, p_because uuid, p_at timestamptz, p_actor text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v record;
    v_outcome text;
BEGIN
    FOR v IN
        SELECT w.program_id, coalesce(g.owner_id, (SELECT u.id FROM units_businessunit u ORDER BY u.id LIMIT 1)) AS unit_id
        FROM points_wallet w JOIN points_program g ON g.id = w.program_id
        WHERE w.member_id = p_alias AND EXISTS (SELECT FROM points_lot l WHERE l.wallet_id = w.id AND l.is_open)
        ORDER BY w.program_id
    LOOP
        SELECT m.outcome INTO v_outcome
            FROM points_move_wallet(p_alias, p_into, v.program_id, v.unit_id, 'follow:' || p_because || ':' || v.program_id,
                                    p_at, p_actor) m;
        ASSERT v_outcome = 'posted', format('what came to an alias did not go on: %s', v_outcome);
    END LOOP;
END $$;

-- Since v2: of a member who was merged away, the points are taken from the survivor's wallet, first from what the accrual's own lot
-- became there; so is the debt, and the reversal is a posting of the survivor's that says whose the accrual `was`.
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
    v_holder uuid;
    v_own uuid[] := '{}';
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
        v_holder := o.member_id;
        SELECT w.id INTO v_wallet FROM points_wallet w
            WHERE w.member_id = o.member_id AND w.program_id = o.program_id AND w.merged_into IS NULL FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            v_holder := points_lock_merged(o.member_id, ARRAY[o.program_id]);
            v_own := points_moved_on(p_original);
            SELECT w.id INTO v_wallet FROM points_wallet w
                WHERE w.member_id = v_holder AND w.program_id = o.program_id;
        END IF;
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
        WHERE l.wallet_id = v_wallet AND l.is_open AND l.remaining > l.held
          AND (l.posting_id = p_original OR l.id = ANY (v_own) OR l.expires_at > p_at)
        ORDER BY l.posting_id <> p_original AND l.id <> ALL (v_own), l.expires_at, l.earned_at, l.id
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
    v_detail := jsonb_build_object('taken', taken, 'owed', owed, 'forgiven', forgiven)
                || CASE WHEN v_holder <> o.member_id THEN jsonb_build_object('was', o.member_id) ELSE '{}' END;

    v_now := clock_timestamp();
    posting_id := points_uuid7();
    INSERT INTO points_posting (id, kind, unit_id, source_ref, member_id, program_id, points, occurred_at, posted_at,
                                actor, rule, reverses, detail, digest)
    VALUES (posting_id, 'reversal', o.unit_id, p_source_ref, v_holder, o.program_id, p_points, p_at, v_now, p_actor,
            o.rule, p_original, v_detail,
            points_digest(
                points_posting_text(posting_id, 'reversal', o.unit_id, p_source_ref, v_holder, o.program_id, p_points,
                                    p_at, v_now, p_actor, o.rule, p_original, v_detail),
                CASE WHEN taken + owed > 0
                     THEN points_entry_text(v_holder, o.program_id, 'issued', o.unit_id, -(taken + owed)) END,
                points_draws_text(v_lots, v_points), NULL));
    INSERT INTO points_draw (posting_id, lot_id, member_id, points)
        SELECT posting_id, d.lot, v_holder, d.points FROM unnest(v_lots, v_points) AS d (lot, points);
    UPDATE points_lot l SET remaining = l.remaining - d.points, is_open = l.remaining > d.points
        FROM unnest(v_lots, v_points) AS d (lot, points) WHERE l.id = d.lot;
    IF taken + owed > 0 THEN
        INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
        VALUES (posting_id, v_holder, v_wallet, o.program_id, 'issued', o.unit_id, -(taken + owed));
        UPDATE points_wallet SET balance = balance - taken - owed, debt = debt + owed WHERE id = v_wallet;
    END IF;
    outcome := 'posted';
END $$;

-- Since v2: what comes back to a member who was merged away goes on to the survivor, by a move that follows at once.
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
    v_into uuid;
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
        IF EXISTS (SELECT FROM points_wallet w WHERE w.member_id = o.member_id AND w.merged_into IS NOT NULL) THEN
            v_into := points_lock_merged(o.member_id, ARRAY(
                SELECT DISTINCT (s ->> 'program')::integer FROM jsonb_array_elements(o.detail -> 'shares') s));
        ELSE
            PERFORM FROM points_wallet w WHERE w.member_id = o.member_id ORDER BY w.id FOR NO KEY UPDATE;
            -- Merged while we waited: to be asked again, for the survivor's wallets come into it.
            IF EXISTS (SELECT FROM points_wallet w WHERE w.member_id = o.member_id AND w.merged_into IS NOT NULL) THEN
                RAISE EXCEPTION 'member % was merged meanwhile', o.member_id USING ERRCODE = 'serialization_failure';
            END IF;
        END IF;
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
    IF v_into IS NOT NULL THEN
        PERFORM points_send_on(o.member_id, v_into, v_id, p_at, p_actor);
    END IF;
    posting_id := v_id;
    outcome := 'posted';
END $$;

-- The batch twins, which lock survivors' wallets as well since v2: all wallets of the batch locked first, in one order, then each reversal in turn; one that is refused leaves
-- the others alone, and the second of two with one reference finds the first.
CREATE OR REPLACE FUNCTION points_reverse_accrual_many(
    p_originals uuid[], p_points bigint[], p_source_refs text[], p_at timestamptz[], p_actor text, p_policies text[]
) RETURNS TABLE (outcome text, posting_id uuid, taken bigint, owed bigint, forgiven bigint, short bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM points_wallet w
        WHERE (w.member_id, w.program_id) IN (
            SELECT holder.id, o.program_id FROM points_posting o
            LEFT JOIN points_wallet a ON (a.member_id, a.program_id) = (o.member_id, o.program_id)
            CROSS JOIN LATERAL (VALUES (o.member_id), (a.merged_into)) AS holder (id)
            WHERE o.id = ANY (p_originals))
        ORDER BY w.id FOR NO KEY UPDATE;
    FOR i IN 1 .. coalesce(array_length(p_originals, 1), 0) LOOP
        RETURN QUERY SELECT r.outcome, r.posting_id, r.taken, r.owed, r.forgiven, r.short
            FROM points_reverse_accrual(p_originals[i], p_points[i], p_source_refs[i], p_at[i], p_actor, p_policies[i]) r;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION points_reverse_redemption_many(
    p_originals uuid[], p_points bigint[], p_source_refs text[], p_at timestamptz[], p_grace_until timestamptz[],
    p_actor text
) RETURNS TABLE (outcome text, posting_id uuid, shares jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM points_wallet w
        WHERE w.member_id IN (
            SELECT holder.id FROM points_posting o LEFT JOIN points_wallet a ON a.member_id = o.member_id
            CROSS JOIN LATERAL (VALUES (o.member_id), (a.merged_into)) AS holder (id)
            WHERE o.id = ANY (p_originals))
        ORDER BY w.id FOR NO KEY UPDATE;
    FOR i IN 1 .. coalesce(array_length(p_originals, 1), 0) LOOP
        RETURN QUERY SELECT r.outcome, r.posting_id, r.shares
            FROM points_reverse_redemption(p_originals[i], p_points[i], p_source_refs[i], p_at[i], p_grace_until[i],
                                           p_actor) r;
    END LOOP;
END $$;

-- Since v1: what was pending of a member who was merged away is released where it is now, with the survivor.
-- A pending lot matures by its instant alone, without a posting: nothing has to run for it. This is for what becomes sure
-- sooner: a guest has checked out, a return window was waived.
-- Outcomes: posted | replayed | reference_reused | not_an_accrual | nothing_pending.
CREATE OR REPLACE FUNCTION points_mature(
    p_accrual uuid, p_source_ref text, p_at timestamptz, p_actor text,
    OUT outcome text, OUT posting_id uuid, OUT released bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    o points_posting;
    earlier points_posting;
    v_wallet bigint;
    v_holder uuid;
    v_own uuid[] := '{}';
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
        v_holder := o.member_id;
        SELECT w.id INTO v_wallet FROM points_wallet w
            WHERE w.member_id = o.member_id AND w.program_id = o.program_id AND w.merged_into IS NULL FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            v_holder := points_lock_merged(o.member_id, ARRAY[o.program_id]);
            v_own := points_moved_on(p_accrual);
            SELECT w.id INTO v_wallet FROM points_wallet w
                WHERE w.member_id = v_holder AND w.program_id = o.program_id;
        END IF;
    END LOOP;

    SELECT coalesce(array_agg((l.id, points_uuid7(), l.issuer_id, l.remaining - l.held, l.unit_cost, l.earned_at, p_at,
                               l.expires_at, points_still_rolls(l.id, l.rolls), 0)::points_carried ORDER BY l.expires_at, l.earned_at, l.id), '{}')
        INTO v_lots
        FROM points_lot l
        WHERE (l.posting_id = p_accrual OR l.id = ANY (v_own)) AND l.wallet_id = v_wallet AND l.is_open AND l.remaining > l.held
          AND l.available_at > p_at AND l.expires_at > p_at;
    released := points_in(v_lots);
    IF released = 0 THEN
        outcome := 'nothing_pending';
        RETURN;
    END IF;
    posting_id := points_post_carried(
        'maturity', o.unit_id, p_source_ref, v_holder, o.program_id, released, p_at, p_actor, NULL,
        jsonb_build_object('accrual', p_accrual, 'lots', points_origins(v_lots)), 'issued', '{}', v_lots, v_holder, v_wallet);
    outcome := 'posted';
END $$;

-- The batch twin: all wallets locked in one order, then each in turn.
CREATE OR REPLACE FUNCTION points_mature_many(p_accruals uuid[], p_source_refs text[], p_at timestamptz[], p_actor text)
RETURNS TABLE (outcome text, posting_id uuid, released bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM points_wallet w
        JOIN (SELECT DISTINCT holder.id AS member_id, p.program_id FROM points_posting p
              LEFT JOIN points_wallet g ON (g.member_id, g.program_id) = (p.member_id, p.program_id)
              CROSS JOIN LATERAL (VALUES (p.member_id), (g.merged_into)) AS holder (id)
              WHERE p.id = ANY (p_accruals)) a
            USING (member_id, program_id)
        ORDER BY w.id FOR NO KEY UPDATE OF w;
    FOR i IN 1 .. coalesce(array_length(p_accruals, 1), 0) LOOP
        RETURN QUERY SELECT r.outcome, r.posting_id, r.released
            FROM points_mature(p_accruals[i], p_source_refs[i], p_at[i], p_actor) r;
    END LOOP;
END $$;

REVOKE ALL ON FUNCTION
    points_point_wallets(uuid[], uuid), points_lock_merging(uuid[], uuid), points_lock_merged(uuid, integer[]),
    points_moved_on(uuid), points_send_on(uuid, uuid, uuid, timestamptz, text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION points_point_wallets(uuid[], uuid), points_lock_merging(uuid[], uuid) TO loyalty_app;
