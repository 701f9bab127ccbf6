-- Invariant: points that change hands or state stay the points they were: a new lot keeps the issuer, the cost, the earning
-- and the end of the lot it came from. What transfer, adjustment, early release and move share.

-- Points of one lot on their way: drawn from `from_lot` (null: new points), living on in `lot` (null: gone). `repaid` of
-- them repay the receiving wallet's debt at once, as an accrual's do: a draw on the new lot itself.
CREATE TYPE points_carried AS (
    from_lot uuid, lot uuid, issuer_id integer, points bigint, unit_cost numeric, earned_at timestamptz,
    available_at timestamptz, expires_at timestamptz, rolls boolean, repaid bigint
);

-- What a posting does to one wallet: a line of the journal (none if zero points), and a change of its debt.
CREATE TYPE points_moved AS (member_id uuid, wallet_id bigint, points bigint, debt bigint);

-- Up to `p_want` points of a wallet that could be spent at `p_at`, in spending order, as lots to draw from. The caller
-- holds the wallet's lock and has bounded `p_want` by points_beyond_debt.
CREATE FUNCTION points_take(p_wallet bigint, p_want bigint, p_at timestamptz)
RETURNS points_carried[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_lot record;
    v_left bigint := p_want;
    v_take bigint;
    v_lots points_carried[] := '{}';
BEGIN
    FOR v_lot IN
        SELECT l.* FROM points_lot l
        WHERE p_want > 0 AND l.wallet_id = p_wallet AND l.is_open AND l.remaining > l.held AND l.expires_at > p_at
          AND l.available_at <= p_at
        ORDER BY l.expires_at, l.earned_at, l.id
    LOOP
        v_take := least(v_lot.remaining - v_lot.held, v_left);
        v_lots := v_lots || (v_lot.id, NULL, v_lot.issuer_id, v_take, v_lot.unit_cost, v_lot.earned_at, v_lot.available_at,
                             v_lot.expires_at, points_still_rolls(v_lot.id, v_lot.rolls), 0)::points_carried;
        v_left := v_left - v_take;
        EXIT WHEN v_left = 0;
    END LOOP;
    RETURN v_lots;
END $$;

-- The points in these lots.
CREATE FUNCTION points_in(p_lots points_carried[])
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(sum(n.points), 0)::bigint FROM unnest(p_lots) n
$$;

-- The same lots with ids to live on under; the first of them repay `p_debt`, soonest expiry first.
CREATE FUNCTION points_reborn(p_lots points_carried[], p_debt bigint)
RETURNS points_carried[] LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(array_agg((
        n.from_lot, points_uuid7(), n.issuer_id, n.points, n.unit_cost, n.earned_at, n.available_at, n.expires_at, n.rolls,
        greatest(0, least(n.points, p_debt - n.before)))::points_carried ORDER BY n.ord), '{}')
    FROM (
        SELECT u.*, sum(u.points) OVER (ORDER BY u.ord)::bigint - u.points AS before
        FROM unnest(p_lots) WITH ORDINALITY AS u (from_lot, lot, issuer_id, points, unit_cost, earned_at, available_at,
                                                  expires_at, rolls, repaid, ord)
    ) n
$$;

-- Which new lot came from which: {"<new lot>": "<old lot>"}, for the posting's detail and whoever explains a lot.
CREATE FUNCTION points_origins(p_lots points_carried[])
RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(n.lot, n.from_lot), '{}') FROM unnest(p_lots) n WHERE n.lot IS NOT NULL
$$;

-- Write one posting and all it does: entries, draws, new lots (into the wallet `p_into` of `p_member_into`), wallets. The
-- caller holds the wallets' locks: the instant and the id are taken under them, as the daily seals need it.
CREATE FUNCTION points_post_carried(
    p_kind text, p_unit integer, p_source_ref text, p_member uuid, p_program integer, p_points bigint, p_at timestamptz,
    p_actor text, p_reverses uuid, p_detail jsonb, p_house text, p_moved points_moved[], p_lots points_carried[],
    p_member_into uuid, p_into bigint
) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
    v_id uuid := points_uuid7();
BEGIN
    INSERT INTO points_posting (id, kind, unit_id, source_ref, member_id, program_id, points, occurred_at, posted_at,
                                actor, rule, reverses, detail, digest)
    VALUES (v_id, p_kind, p_unit, p_source_ref, p_member, p_program, p_points, p_at, v_now, p_actor, '', p_reverses,
            p_detail,
            points_digest(
                points_posting_text(v_id, p_kind, p_unit, p_source_ref, p_member, p_program, p_points, p_at, v_now,
                                    p_actor, '', p_reverses, p_detail),
                (SELECT string_agg(t, E'\n' ORDER BY t COLLATE "C") FROM (
                    SELECT points_entry_text(m.member_id, p_program, p_house, p_unit, m.points) AS t
                    FROM unnest(p_moved) m WHERE m.points <> 0) x),
                (SELECT string_agg(t, E'\n' ORDER BY t COLLATE "C") FROM (
                    SELECT points_draw_text(n.from_lot, n.points) AS t FROM unnest(p_lots) n WHERE n.from_lot IS NOT NULL
                    UNION ALL
                    SELECT points_draw_text(n.lot, n.repaid) FROM unnest(p_lots) n WHERE n.repaid > 0) x),
                (SELECT string_agg(t, E'\n' ORDER BY t COLLATE "C") FROM (
                    SELECT points_lot_text(n.lot, n.issuer_id, n.points, n.unit_cost, n.earned_at, n.available_at,
                                           CASE WHEN NOT n.rolls THEN n.expires_at END) AS t
                    FROM unnest(p_lots) n WHERE n.lot IS NOT NULL) x)));
    INSERT INTO points_draw (posting_id, lot_id, member_id, points)
        SELECT v_id, l.id, l.member_id, n.points
        FROM unnest(p_lots) WITH ORDINALITY AS n (from_lot, lot, issuer_id, points, unit_cost, earned_at, available_at,
                                                  expires_at, rolls, repaid, ord)
        JOIN points_lot l ON l.id = n.from_lot ORDER BY n.ord;
    INSERT INTO points_draw (posting_id, lot_id, member_id, points)
        SELECT v_id, n.lot, p_member_into, n.repaid FROM unnest(p_lots) n WHERE n.repaid > 0;
    UPDATE points_lot l SET remaining = l.remaining - n.points, is_open = l.remaining > n.points
        FROM unnest(p_lots) n WHERE l.id = n.from_lot;
    INSERT INTO points_lot (id, wallet_id, member_id, program_id, issuer_id, posting_id, points, remaining, unit_cost,
                            earned_at, available_at, expires_at, rolls, is_open)
        SELECT n.lot, p_into, p_member_into, p_program, n.issuer_id, v_id, n.points, n.points - n.repaid, n.unit_cost,
               n.earned_at, n.available_at, n.expires_at, n.rolls, n.points > n.repaid
        FROM unnest(p_lots) n WHERE n.lot IS NOT NULL;
    INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
        SELECT v_id, m.member_id, m.wallet_id, p_program, p_house, p_unit, m.points
        FROM unnest(p_moved) m WHERE m.points <> 0;
    UPDATE points_wallet w SET balance = w.balance + s.points, debt = w.debt + s.debt
        FROM (SELECT m.wallet_id, sum(m.points) AS points, sum(m.debt) AS debt FROM unnest(p_moved) m GROUP BY 1) s
        WHERE w.id = s.wallet_id;
    RETURN v_id;
END $$;

REVOKE ALL ON FUNCTION
    points_take(bigint, bigint, timestamptz),
    points_in(points_carried[]),
    points_reborn(points_carried[], bigint),
    points_origins(points_carried[]),
    points_post_carried(text, integer, text, uuid, integer, bigint, timestamptz, text, uuid, jsonb, text, points_moved[],
                        points_carried[], uuid, bigint)
FROM PUBLIC;
