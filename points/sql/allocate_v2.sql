-- Invariant: one allocation serves the quote and the posting: own lots first, then the other programs' at the rate
-- in force; soonest expiry first, ties by age; from another wallet the smallest whole number that covers the rest.
-- Since version 1: a wallet without a debt is not asked what it may spend beyond it; dead points stand against no debt.

DROP FUNCTION points_beyond_debt(bigint, bigint, bigint);

-- What a wallet may spend at most at `p_at`: all, or, while it owes, what stands beyond the debt. What is held does not stand
-- against a debt, nor does what has died: the sweep takes it, today or tomorrow, and leaves the debt.
CREATE FUNCTION points_beyond_debt(p_wallet bigint, p_balance bigint, p_debt bigint, p_at timestamptz)
RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_debt = 0 THEN p_balance
                ELSE greatest(0, p_balance - (
                    SELECT coalesce(sum(CASE WHEN l.expires_at > p_at THEN l.held ELSE l.remaining END), 0)::bigint
                    FROM points_lot l WHERE l.wallet_id = p_wallet AND l.is_open)) END
$$;
REVOKE ALL ON FUNCTION points_beyond_debt(bigint, bigint, bigint, timestamptz) FROM PUBLIC;

-- How `p_price` points of `p_program` would be paid at `p_at`. Reads only; the caller holds the wallets' locks or
-- wants a quote. Shares are per wallet: `spent` in the wallet's own points, `covered` in the price's program.
-- `nums`/`dens` are the rates used: `dens` own points for `nums` of the price's. `short` is what no wallet covers
-- (0: payable). Wallets of other programs are taken in order of their soonest expiry.
CREATE OR REPLACE FUNCTION points_allocate(
    p_member uuid, p_program integer, p_price bigint, p_at timestamptz,
    OUT wallets bigint[], OUT programs integer[], OUT spent bigint[], OUT covered bigint[],
    OUT nums bigint[], OUT dens bigint[], OUT lots uuid[], OUT lot_points bigint[], OUT short bigint
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_wallet record;
    v_lot record;
    v_want bigint;
    v_cover bigint;
    v_left bigint;
    v_take bigint;
BEGIN
    short := p_price;
    SELECT w.id, w.program_id,
           CASE WHEN w.debt = 0 THEN w.balance ELSE points_beyond_debt(w.id, w.balance, w.debt, p_at) END AS free
    INTO v_wallet
    FROM points_wallet w WHERE w.member_id = p_member AND w.program_id = p_program AND w.balance > 0;
    IF FOUND THEN
        v_want := least(short, v_wallet.free);
        v_left := v_want;
        FOR v_lot IN
            SELECT l.id, l.remaining - l.held AS remaining FROM points_lot l
            WHERE l.wallet_id = v_wallet.id AND l.is_open AND l.remaining > l.held AND l.expires_at > p_at AND l.available_at <= p_at
            ORDER BY l.expires_at, l.earned_at, l.id
        LOOP
            v_take := least(v_lot.remaining, v_left);
            lots := lots || v_lot.id;
            lot_points := lot_points || v_take;
            v_left := v_left - v_take;
            EXIT WHEN v_left = 0;
        END LOOP;
        IF v_left < v_want THEN
            wallets := ARRAY[v_wallet.id];
            programs := ARRAY[v_wallet.program_id];
            spent := ARRAY[v_want - v_left];
            covered := spent;
            nums := ARRAY[1::bigint];
            dens := nums;
            short := short - (v_want - v_left);
        END IF;
    END IF;
    IF short = 0 THEN
        RETURN;
    END IF;

    FOR v_wallet IN
        SELECT w.id, w.program_id, r.numerator::bigint AS num, r.denominator::bigint AS den,
               least(s.points, points_beyond_debt(w.id, w.balance, w.debt, p_at)) AS points
        FROM points_wallet w
        JOIN points_exchangerate r ON r.source_id = w.program_id AND r.target_id = p_program AND r.during @> p_at
        CROSS JOIN LATERAL (
            SELECT sum(l.remaining - l.held)::bigint AS points, min(l.expires_at) AS soonest FROM points_lot l
            WHERE l.wallet_id = w.id AND l.is_open AND l.remaining > l.held AND l.expires_at > p_at AND l.available_at <= p_at
        ) s
        WHERE w.member_id = p_member AND w.program_id <> p_program AND w.balance > 0 AND s.points > 0
        ORDER BY s.soonest, w.id
    LOOP
        -- The smallest whole number that covers the rest, or, of a wallet that cannot, all that it can cover.
        v_want := least(v_wallet.points, (short * v_wallet.den + v_wallet.num - 1) / v_wallet.num);
        v_cover := least(short, v_want * v_wallet.num / v_wallet.den);
        CONTINUE WHEN v_cover = 0;
        v_want := (v_cover * v_wallet.den + v_wallet.num - 1) / v_wallet.num;
        wallets := wallets || v_wallet.id;
        programs := programs || v_wallet.program_id;
        spent := spent || v_want;
        covered := covered || v_cover;
        nums := nums || v_wallet.num;
        dens := dens || v_wallet.den;
        short := short - v_cover;
        FOR v_lot IN
            SELECT l.id, l.remaining - l.held AS remaining FROM points_lot l
            WHERE l.wallet_id = v_wallet.id AND l.is_open AND l.remaining > l.held AND l.expires_at > p_at AND l.available_at <= p_at
            ORDER BY l.expires_at, l.earned_at, l.id
        LOOP
            v_take := least(v_lot.remaining, v_want);
            lots := lots || v_lot.id;
            lot_points := lot_points || v_take;
            v_want := v_want - v_take;
            EXIT WHEN v_want = 0;
        END LOOP;
        EXIT WHEN short = 0;
    END LOOP;
END $$;
