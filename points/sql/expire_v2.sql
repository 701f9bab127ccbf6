-- Invariant: a point that is past its instant becomes breakage once, whoever sweeps, however often, in what pieces.
-- Since version 1: the instant is taken under the locks (seals cut by it), and a posting's text is put together in place.

-- Books the due lots of the next `p_wallets` wallets after `p_after` and says where it stopped (null: nothing due).
-- One posting per wallet, issuing unit and instant, dated that instant, under its own id as reference: a lot can expire in
-- two steps, when a part of it was held. What is booked once is gone from `remaining`, so nothing is booked twice.
CREATE OR REPLACE FUNCTION points_expire(
    p_at timestamptz, p_after bigint, p_wallets integer, p_actor text,
    OUT last_wallet bigint, OUT lots bigint, OUT points bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
-- A sweep calls this dozens of times in a session; from the sixth on PL/pgSQL would reuse a plan made for no wallets in
-- particular, and chunks of thousands took eight times as long (make bench, 2026-11-23).
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    v_now timestamptz;
    v_wallets bigint[];
BEGIN
    -- A host whose clock runs ahead must not end points early. Tests and demos that move the clock say so.
    IF p_at > clock_timestamp() + interval '1 minute' AND coalesce(current_setting('loyalty.clock', true), '') <> 'free' THEN
        RAISE EXCEPTION 'the sweep was asked for %, which is yet to come', p_at USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT array_agg(wallet_id) INTO v_wallets FROM (
        SELECT DISTINCT wallet_id FROM points_lot
        WHERE is_open AND wallet_id > p_after AND expires_at <= p_at AND remaining > held ORDER BY wallet_id LIMIT p_wallets) due;
    last_wallet := v_wallets[array_upper(v_wallets, 1)];
    lots := 0;
    points := 0;
    IF last_wallet IS NULL THEN
        RETURN;
    END IF;
    PERFORM FROM points_wallet w WHERE w.id = ANY (v_wallets) ORDER BY w.id FOR NO KEY UPDATE;
    v_now := clock_timestamp();

    -- Read again under the locks: a redemption may have taken a lot meanwhile.
    WITH due AS MATERIALIZED (
        SELECT l.id, l.wallet_id, l.member_id, l.program_id, l.issuer_id, l.expires_at, l.remaining - l.held AS remaining
        FROM points_lot l
        WHERE l.wallet_id = ANY (v_wallets) AND l.is_open AND l.expires_at <= p_at AND l.remaining > l.held
    ), grouped AS MATERIALIZED (
        -- Ids in order are texts in order: a uuid's text begins with its first byte.
        SELECT d.wallet_id, d.member_id, d.program_id, d.issuer_id, d.expires_at,
               points_uuid7() AS posting_id,
               sum(d.remaining)::bigint AS points,
               string_agg(concat(d.id, '|', d.remaining), E'\n' ORDER BY d.id) AS draws_text
        FROM due d GROUP BY d.wallet_id, d.issuer_id, d.expires_at, d.member_id, d.program_id
    ), posted AS (
        INSERT INTO points_posting (id, kind, unit_id, source_ref, member_id, program_id, points, occurred_at,
                                    posted_at, actor, rule, digest)
        SELECT g.posting_id, 'expiry', g.issuer_id, 'expiry:' || g.posting_id, g.member_id, g.program_id, g.points,
               g.expires_at, v_now, p_actor, '',
               sha256(convert_to(concat(
                   g.posting_id, '|expiry|', g.issuer_id, '|', g.member_id, '|', g.program_id, '|', g.points, '|',
                   extract(epoch FROM g.expires_at), '|', extract(epoch FROM v_now), '|43|expiry:', g.posting_id, '|',
                   length(p_actor), '|', p_actor, '|0|', E'\n\n',
                   g.member_id, '|', g.program_id, '|expired|', g.issuer_id, '|', -g.points, E'\n\n',
                   g.draws_text, E'\n\n'), 'UTF8'))
        FROM grouped g
    ), entries AS (
        INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
        SELECT g.posting_id, g.member_id, g.wallet_id, g.program_id, 'expired', g.issuer_id, -g.points FROM grouped g
    ), drawn AS (
        INSERT INTO points_draw (posting_id, lot_id, member_id, points)
        SELECT g.posting_id, d.id, d.member_id, d.remaining
        FROM due d JOIN grouped g USING (wallet_id, issuer_id, expires_at)
    ), closed AS (
        UPDATE points_lot l SET remaining = l.held, is_open = l.held > 0 FROM due d WHERE l.id = d.id
    ), lowered AS (
        UPDATE points_wallet w SET balance = w.balance - s.points
        FROM (SELECT g.wallet_id, sum(g.points) AS points FROM grouped g GROUP BY g.wallet_id) s
        WHERE w.id = s.wallet_id
    )
    SELECT count(*), coalesce(sum(d.remaining), 0)::bigint INTO lots, points FROM due d;
END $$;
