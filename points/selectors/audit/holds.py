"""Checks of holds: their rows may end, so what can be proved of them is proved against lots and postings."""

from points.selectors.audit.checks import Check

HOLD_CHECKS = (
    Check(
        "lot_is_held_by_its_holds",
        "What a lot holds is what open holds reserve of it.",
        """
        SELECT 'points_lot', l.id::text, 'held ' || l.held || ', by open holds ' || coalesce(h.points, 0)
        FROM points_lot l
        LEFT JOIN (SELECT d.lot_id, sum(d.points) AS points FROM points_hold h
                   JOIN points_holdlot d ON d.hold_id = h.id WHERE h.status = 'open' GROUP BY 1) h ON h.lot_id = l.id
        WHERE :lot(l.id) AND l.held <> coalesce(h.points, 0)
        """,
    ),
    Check(
        "hold_names_its_lots",
        "A hold's points are what its shares cover, and its shares are the lots it names, of its member.",
        """
        SELECT 'points_hold', h.id::text, 'points ' || h.points || ', covered ' || coalesce(s.covered, 0)
        FROM points_hold h
        LEFT JOIN LATERAL (SELECT sum((e ->> 'covered')::bigint) AS covered
                           FROM jsonb_array_elements(h.shares) e) s ON true
        WHERE :hold(h.id) AND h.points <> coalesce(s.covered, 0)
        UNION ALL
        SELECT 'points_hold', x.hold_id::text, 'program ' || x.program_id || ': its shares less its lots are ' || sum(x.points)
        FROM (
            SELECT h.id AS hold_id, (e ->> 'program')::integer AS program_id, (e ->> 'spent')::bigint AS points
            FROM points_hold h CROSS JOIN LATERAL jsonb_array_elements(h.shares) e WHERE :hold(h.id)
            UNION ALL
            SELECT d.hold_id, l.program_id, -d.points FROM points_holdlot d
            JOIN points_lot l ON l.id = d.lot_id WHERE :hold(d.hold_id)
        ) x GROUP BY x.hold_id, x.program_id HAVING sum(x.points) <> 0
        UNION ALL
        SELECT 'points_holdlot', d.id::text, 'hold ' || d.hold_id || ' names lot ' || d.lot_id || ', which is not its member''s'
        FROM points_holdlot d LEFT JOIN points_hold h ON h.id = d.hold_id
        LEFT JOIN points_lot l ON l.id = d.lot_id AND l.member_id = h.member_id
        WHERE :hold(d.hold_id) AND (h.id IS NULL OR l.id IS NULL)
        """,
    ),
    Check(
        "capture_within_its_hold",
        "A captured hold has its posting: of the same sale, in time, from its shares and lots, for no more than held.",
        """
        SELECT 'points_hold', h.id::text, 'captured as ' || coalesce(p.points::text, 'nothing') || ' of ' || h.points
        FROM points_hold h
        LEFT JOIN points_posting p ON p.id = h.posting_id
        WHERE :hold(h.id) AND h.status = 'captured' AND (p.id IS NULL OR p.points > h.points
              OR (p.kind, p.unit_id, p.source_ref, p.member_id, p.program_id)
                 <> ('redemption', h.unit_id, h.source_ref, h.member_id, h.program_id)
              OR (p.detail ->> 'hold')::uuid IS DISTINCT FROM h.id
              OR (p.detail ->> 'held_at')::timestamptz IS DISTINCT FROM h.held_at
              OR p.occurred_at <> h.closed_at OR h.closed_at >= h.expires_at)
        UNION ALL
        SELECT 'points_hold', h.id::text, 'captured from program ' || (k ->> 'program') || ' more than was held'
        FROM points_hold h
        JOIN points_posting p ON p.id = h.posting_id
        CROSS JOIN LATERAL jsonb_array_elements(p.detail -> 'shares') k
        WHERE :hold(h.id) AND h.status = 'captured' AND NOT EXISTS (
            SELECT FROM jsonb_array_elements(h.shares) e
            WHERE e -> 'program' = k -> 'program' AND (k ->> 'spent')::bigint <= (e ->> 'spent')::bigint
              AND (k ->> 'covered')::bigint <= (e ->> 'covered')::bigint)
        UNION ALL
        SELECT 'points_draw', d.id::text, 'captured from lot ' || d.lot_id || ', of which its hold held '
                                          || coalesce(n.points, 0)
        FROM points_hold h
        JOIN points_draw d ON d.posting_id = h.posting_id
        LEFT JOIN points_holdlot n ON n.hold_id = h.id AND n.lot_id = d.lot_id
        WHERE :hold(h.id) AND h.status = 'captured' AND d.points > coalesce(n.points, 0)
        """,
    ),
    Check(
        "captured_sale_has_its_hold",
        "A redemption that says it was held is that hold's capture.",
        """
        SELECT 'points_posting', p.id::text, 'hold ' || (p.detail ->> 'hold') || ' was not captured as this'
        FROM points_posting p
        WHERE :posted(p.id) AND p.kind = 'redemption' AND p.detail ? 'hold' AND NOT EXISTS (
            SELECT FROM points_hold h WHERE h.id = (p.detail ->> 'hold')::uuid
              AND h.posting_id = p.id AND h.status = 'captured')
        """,
    ),
    Check(
        "hold_ended_in_its_time",
        "A hold times out when its time is over, and ends no earlier than it began.",
        """
        SELECT 'points_hold', h.id::text, h.status || ' at ' || h.closed_at || ', held from ' || h.held_at || ' to ' || h.expires_at
        FROM points_hold h
        WHERE :hold(h.id) AND (h.status = 'timed_out' AND h.closed_at < h.expires_at OR h.expires_at <= h.held_at)
        """,
    ),
)
