-- Invariant: what a lot gave is fixed; only the last day of a lot that rolls moves, only forward, only while it lives.
-- Who calls holds the wallets' locks, so a renewal and the sweep take turns: a lot is renewed or expired, never both.

-- As released, but for `expires_at`, which has its own trigger below, and `rolls`, which is as fixed as the rest.
DROP TRIGGER lot_is_fixed ON points_lot;
CREATE TRIGGER lot_is_fixed BEFORE UPDATE OF
        id, wallet_id, member_id, program_id, issuer_id, posting_id,
        points, unit_cost, earned_at, available_at, rolls
    ON points_lot FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
-- The condition is looked at only where a statement names the column: a draw does not.
CREATE TRIGGER lot_expiry_only_rolls_on BEFORE UPDATE OF expires_at ON points_lot
    FOR EACH ROW WHEN (NOT (OLD.rolls AND NEW.expires_at > OLD.expires_at)) EXECUTE FUNCTION points_refuse_change();

-- Renewals, as calls pass them and postings keep them under `detail -> 'renews_until'`: {"<program>": "2027-03-31T16:00:00Z"},
-- in UTC and whole seconds, as every local midnight is. Null: nothing is renewed.
-- Here those of one program, as an accrual has them,
CREATE FUNCTION points_renewals(p_program integer, p_until timestamptz)
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_build_object(p_program::text, to_char(p_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
$$;

-- and here, of what a caller would have renewed, those of the programs that in fact pay.
CREATE FUNCTION points_renewals(p_renewals jsonb, p_programs integer[])
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_object_agg(r.key, to_char(r.value::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
    FROM jsonb_each_text(p_renewals) r WHERE r.key::integer = ANY (p_programs)
    HAVING count(*) > 0
$$;

-- Move the living lots of one rolling wallet on, for an activity at `p_occurred_at`. A lot that had lapsed then stays dead, and
-- so does the rest of one that the sweep has booked in part; nothing is ever shortened.
CREATE FUNCTION points_renew_wallet(p_wallet bigint, p_until timestamptz, p_occurred_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE points_lot l SET expires_at = p_until
        WHERE l.wallet_id = p_wallet AND l.is_open AND l.rolls
          AND l.expires_at > p_occurred_at AND l.expires_at < p_until
          -- Only a lot that gave something away can have been booked in part (the other part was held).
          AND (l.remaining = l.points OR NOT EXISTS (
                  SELECT FROM points_draw d JOIN points_posting p ON p.id = d.posting_id
                  WHERE d.lot_id = l.id AND p.kind = 'expiry'));
END $$;

-- The same in every program of `p_renewals`. An activity reported late renews what lived when it happened; what was reported
-- before it though it happened after it then renews that again, so that any order of reports ends in the same last days.
-- An accrual calls this when its lot stands, since its lot may be the late one.
CREATE FUNCTION points_renew(p_member uuid, p_renewals jsonb, p_occurred_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r record;
    v_later record;
BEGIN
    FOR r IN
        SELECT e.key AS program, e.value::timestamptz AS until, w.id AS wallet
        FROM jsonb_each_text(p_renewals) e
        JOIN points_wallet w ON w.member_id = p_member AND w.program_id = e.key::integer
    LOOP
        PERFORM points_renew_wallet(r.wallet, r.until, p_occurred_at);
        FOR v_later IN
            SELECT p.occurred_at, (p.detail -> 'renews_until' ->> r.program)::timestamptz AS until FROM points_posting p
            WHERE p.member_id = p_member AND p.occurred_at > p_occurred_at AND p.detail -> 'renews_until' ? r.program
            ORDER BY p.occurred_at, p.id
        LOOP
            PERFORM points_renew_wallet(r.wallet, v_later.until, v_later.occurred_at);
        END LOOP;
    END LOOP;
END $$;

-- Whether a lot still rolls: what is left of one that the sweep has booked in part has died, and lives on by no activity,
-- wherever it is carried.
CREATE FUNCTION points_still_rolls(p_lot uuid, p_rolls boolean) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p_rolls AND NOT EXISTS (SELECT FROM points_draw d JOIN points_posting p ON p.id = d.posting_id
                                   WHERE d.lot_id = p_lot AND p.kind = 'expiry')
$$;

REVOKE ALL ON FUNCTION
    points_still_rolls(uuid, boolean),
    points_renewals(integer, timestamptz),
    points_renewals(jsonb, integer[]),
    points_renew_wallet(bigint, timestamptz, timestamptz),
    points_renew(uuid, jsonb, timestamptz)
FROM PUBLIC;
