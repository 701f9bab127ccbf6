-- Invariant: a posting's digest is SHA-256 over all it says: its own columns, its entries, draws and new lots.
-- The kernel writes it, the audit makes it again from the rows; one text each, so that they cannot differ.
-- Free text is length-prefixed, so that no two postings share a text. Instants are microseconds since 1970.

-- RFC 9562 version 7: 48 bits of milliseconds, then random bits. PostgreSQL has its own from version 18 on.
DO $do$
BEGIN
    IF current_setting('server_version_num')::integer >= 180000 THEN
        CREATE FUNCTION points_uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS 'SELECT uuidv7()';
    ELSE
        CREATE FUNCTION points_uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
            SELECT encode(
                set_bit(set_bit(
                    overlay(uuid_send(gen_random_uuid())
                            PLACING substring(int8send((date_part('epoch', clock_timestamp()) * 1000)::bigint) FROM 3)
                            FROM 1 FOR 6),
                    52, 1), 53, 1), 'hex')::uuid
        $$;
    END IF;
END $do$;

CREATE FUNCTION points_posting_text(
    p_id uuid, p_kind text, p_unit integer, p_source_ref text, p_member uuid, p_program integer, p_points bigint,
    p_occurred_at timestamptz, p_posted_at timestamptz, p_actor text, p_rule text, p_reverses uuid, p_detail jsonb
) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT concat_ws('|', p_id, p_kind, p_unit, p_member, p_program, p_points,
                     extract(epoch FROM p_occurred_at), extract(epoch FROM p_posted_at), p_reverses,
                     length(p_source_ref), p_source_ref, length(p_actor), p_actor, length(p_rule), p_rule,
                     p_detail::text)
$$;

CREATE FUNCTION points_entry_text(p_member uuid, p_program integer, p_house text, p_unit integer, p_points bigint)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT concat_ws('|', p_member, p_program, p_house, p_unit, p_points)
$$;

CREATE FUNCTION points_draw_text(p_lot uuid, p_points bigint)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT concat_ws('|', p_lot, p_points)
$$;

CREATE FUNCTION points_lot_text(
    p_id uuid, p_issuer integer, p_points bigint, p_unit_cost numeric,
    p_earned_at timestamptz, p_available_at timestamptz, p_expires_at timestamptz
) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT concat_ws('|', p_id, p_issuer, p_points, trim_scale(round(p_unit_cost, 6)),
                     extract(epoch FROM p_earned_at), extract(epoch FROM p_available_at),
                     extract(epoch FROM p_expires_at))
$$;

CREATE FUNCTION points_draws_text(p_lots uuid[], p_points bigint[])
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT string_agg(t, E'\n' ORDER BY t COLLATE "C")
    FROM (SELECT points_draw_text(d.lot, d.points) AS t FROM unnest(p_lots, p_points) AS d (lot, points)) x
$$;

-- Each list is its rows' texts in order (by text, in byte order), joined by a line feed.
CREATE FUNCTION points_digest(p_posting text, p_entries text, p_draws text, p_lots text)
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(convert_to(concat(p_posting, E'\n\n', p_entries, E'\n\n', p_draws, E'\n\n', p_lots), 'UTF8'))
$$;
