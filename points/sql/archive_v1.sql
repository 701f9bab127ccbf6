-- Invariant: an archive holds rows as they are stored, each posting followed by all that its digest speaks of.
-- `p_first` and `p_end` are ids of postings (points_first_id_of_year): the range is half open.
CREATE FUNCTION points_archive_lines(p_first uuid, p_end uuid) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT r.line::text FROM (
        SELECT p.id AS posting, 1 AS part, '' AS row,
               to_jsonb(p) || jsonb_build_object('type', 'posting', 'digest', encode(p.digest, 'hex')) AS line
        FROM points_posting p WHERE p.id >= p_first AND p.id < p_end
        UNION ALL
        SELECT e.posting_id, 2, lpad(e.id::text, 19, '0'), to_jsonb(e) || '{"type": "entry"}'
        FROM points_entry e WHERE e.posting_id >= p_first AND e.posting_id < p_end
        UNION ALL
        SELECT d.posting_id, 3, lpad(d.id::text, 19, '0'), to_jsonb(d) || '{"type": "draw"}'
        FROM points_draw d WHERE d.posting_id >= p_first AND d.posting_id < p_end
        UNION ALL
        -- Money as text: a reader's floating point would not give the digest's figure back.
        SELECT l.posting_id, 4, l.id::text,
               to_jsonb(l) || jsonb_build_object('type', 'lot', 'unit_cost', l.unit_cost::text)
        FROM points_lot l WHERE l.posting_id >= p_first AND l.posting_id < p_end
    ) r
    ORDER BY r.posting, r.part, r.row COLLATE "C"
$$;

-- What the archive's lines must come to, counted by the database: rows and points by kind of row and of posting.
CREATE FUNCTION points_archive_totals(p_first uuid, p_end uuid) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_object_agg(t.name, jsonb_build_array(t.rows, t.points)), '{}')
    FROM (
        SELECT 'posting ' || kind AS name, count(*) AS rows, sum(points)::bigint AS points
            FROM points_posting WHERE id >= p_first AND id < p_end GROUP BY kind
        UNION ALL
        SELECT 'entry ' || house, count(*), sum(points)::bigint
            FROM points_entry WHERE posting_id >= p_first AND posting_id < p_end GROUP BY house
        UNION ALL
        SELECT 'draw', count(*), sum(points)::bigint
            FROM points_draw WHERE posting_id >= p_first AND posting_id < p_end HAVING count(*) > 0
        UNION ALL
        SELECT 'lot', count(*), sum(points)::bigint
            FROM points_lot WHERE posting_id >= p_first AND posting_id < p_end HAVING count(*) > 0
    ) t
$$;

REVOKE ALL ON FUNCTION points_archive_lines(uuid, uuid), points_archive_totals(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION points_archive_lines(uuid, uuid), points_archive_totals(uuid, uuid)
    TO loyalty_app, loyalty_auditor;
