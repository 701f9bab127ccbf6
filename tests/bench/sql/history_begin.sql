-- What a history starts from: each member's wallet as its ten postings will leave it, and the ids of its rows.
CREATE FUNCTION history_id(p_kind integer, p_n bigint, p_at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    -- A UUIDv7 of that millisecond whose random part says which row it is: spread, as random bits are.
    SELECT (lpad(to_hex((extract(epoch FROM p_at) * 1000)::bigint), 12, '0') || '700' || p_kind || '8'
            || substr(md5(p_n::text), 1, 15))::uuid
$$;
INSERT INTO points_wallet (id, member_id, program_id, balance)
    SELECT n, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1, %(points)s::bigint * 9 / 2
    FROM generate_series(1, %(members)s) n;
SELECT setval(pg_get_serial_sequence('points_wallet', 'id'), %(members)s);
