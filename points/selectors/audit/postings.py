"""Checks of postings: each is as the kernel wrote it, and its parts belong together."""

from datetime import datetime

from django.db.backends.utils import CursorWrapper

from points.selectors.audit.checks import Check, Scope
from points.selectors.seals import highest_id, lowest_id


def _lines(table: str, text: str) -> str:
    """By posting, the texts of its rows of `table`, as digests join them. Most have one, which needs no sorting."""
    return f"""
        SELECT posting_id,
               CASE cardinality(texts) WHEN 1 THEN texts[1]
                    ELSE (SELECT string_agg(t, E'\\n' ORDER BY t COLLATE "C") FROM unnest(texts) AS t) END AS text
        FROM (SELECT posting_id, array_agg({text}) AS texts
              FROM {table} WHERE :posted(posting_id) GROUP BY posting_id) AS lines
    """  # noqa: S608 -- our own words


_CHANGED = f"""
    SELECT 'points_posting', p.id::text, p.kind || ' ' || p.source_ref
    FROM points_posting p
    LEFT JOIN ({
    _lines("points_entry", "points_entry_text(member_id, program_id, house, unit_id, points)")
}) entries
        ON entries.posting_id = p.id
    LEFT JOIN ({_lines("points_draw", "points_draw_text(lot_id, points)")}) draws ON draws.posting_id = p.id
    LEFT JOIN ({
    _lines(
        "points_lot",
        '''points_lot_text(id, issuer_id, points, unit_cost, earned_at, available_at,
                                CASE WHEN NOT rolls THEN expires_at END)''',
    )
}) lots ON lots.posting_id = p.id
    WHERE :posted(p.id) AND p.digest <> points_digest(
        points_posting_text(p.id, p.kind, p.unit_id, p.source_ref, p.member_id, p.program_id, p.points,
                            p.occurred_at, p.posted_at, p.actor, p.rule, p.reverses, p.detail),
        entries.text, draws.text, lots.text)
"""  # noqa: S608 -- our own words

POSTING_CHECKS = (
    Check(
        "posting_digest",
        "A posting, its entries, its draws and its new lots are as the kernel wrote them.",
        _CHANGED,
    ),
    Check(
        "posting_id_tells_its_time",
        "A posting's id was made when the posting was dated: what was slipped in later shows.",
        # The first 48 bits of a UUIDv7 are milliseconds since 1970.
        """
        SELECT 'points_posting', p.id::text, 'posted ' || p.posted_at
        FROM points_posting p
        WHERE :posted(p.id) AND abs(extract(epoch FROM p.posted_at)::double precision * 1000
                  - ('x' || left(p.id::text, 8) || substr(p.id::text, 10, 4))::bit(48)::bigint) > 3600000
        """,
    ),
    Check(
        "posting_has_entries",
        "Every posting moved something (but an early release, a refund wholly forgiven, or a part too small"
        " for one point back).",
        """
        SELECT 'points_posting', p.id::text, 'no entry' FROM points_posting p
        WHERE :posted(p.id) AND NOT EXISTS (SELECT FROM points_entry e WHERE e.posting_id = p.id)
          AND p.kind <> 'maturity'
          AND NOT (p.kind = 'reversal' AND (
              (p.detail ->> 'forgiven')::bigint = p.points
              OR p.detail ? 'shares' AND NOT p.detail @? '$.shares[*].spent ? (@ > 0)'))
        """,
    ),
    Check(
        "no_orphans",
        "Every entry, draw and lot belongs to a posting, a wallet and a lot that exist.",
        """
        SELECT 'points_entry', e.id::text, 'no posting ' || e.posting_id FROM points_entry e
            WHERE :posted(e.posting_id) AND NOT EXISTS (SELECT FROM points_posting p WHERE p.id = e.posting_id)
        UNION ALL
        SELECT 'points_entry', e.id::text, 'not of wallet ' || e.wallet_id FROM points_entry e
            WHERE :posted(e.posting_id)
              AND NOT EXISTS (SELECT FROM points_wallet w WHERE w.id = e.wallet_id
                              AND w.member_id = e.member_id AND w.program_id = e.program_id)
        UNION ALL
        SELECT 'points_draw', d.id::text, 'no posting ' || d.posting_id FROM points_draw d
            WHERE :posted(d.posting_id) AND NOT EXISTS (SELECT FROM points_posting p WHERE p.id = d.posting_id)
        UNION ALL
        SELECT 'points_draw', d.id::text, 'no lot ' || d.lot_id FROM points_draw d
            WHERE :posted(d.posting_id)
              AND NOT EXISTS (SELECT FROM points_lot l WHERE l.id = d.lot_id AND l.member_id = d.member_id)
        UNION ALL
        SELECT 'points_lot', l.id::text, 'no posting ' || l.posting_id FROM points_lot l
            WHERE :posted(l.posting_id) AND NOT EXISTS (SELECT FROM points_posting p WHERE p.id = l.posting_id)
        UNION ALL
        SELECT 'points_lot', l.id::text, 'not of wallet ' || l.wallet_id FROM points_lot l
            WHERE :lot(l.id)
              AND NOT EXISTS (SELECT FROM points_wallet w WHERE w.id = l.wallet_id
                              AND w.member_id = l.member_id AND w.program_id = l.program_id)
        """,
    ),
    Check(
        "posting_is_its_draws",
        "In every posting, wallet and program, the entries are the new lots less the draws.",
        # A draw on a lot of the same posting repays a debt: it does not lower the balance. A refund that leaves a debt
        # lowers the balance without a draw; a move carries a debt from one wallet to the other.
        """
        SELECT 'points_posting', m.posting_id::text, 'entries less lots plus draws is ' || m.points
        FROM (
            SELECT posting_id, wallet_id, sum(points) AS points
            FROM (
                SELECT posting_id, wallet_id, points FROM points_entry WHERE :posted(posting_id)
                UNION ALL SELECT posting_id, wallet_id, -points FROM points_lot WHERE :posted(posting_id)
                UNION ALL SELECT d.posting_id, l.wallet_id, d.points FROM points_draw d
                          JOIN points_lot l ON l.id = d.lot_id AND l.posting_id <> d.posting_id
                          WHERE :posted(d.posting_id)
            ) parts
            GROUP BY posting_id, wallet_id
        ) m
        LEFT JOIN (
            SELECT p.id, w.id AS wallet_id,
                   CASE WHEN p.detail ? 'debt'
                        THEN (p.detail ->> 'debt')::bigint * CASE w.member_id WHEN p.member_id THEN 1 ELSE -1 END
                        ELSE -(p.detail ->> 'owed')::bigint END AS points
            FROM points_posting p
            JOIN points_wallet w ON w.program_id = p.program_id
                AND w.member_id IN (p.member_id, (p.detail ->> 'to')::uuid)
            WHERE :posted(p.id) AND (p.detail ? 'debt' OR p.kind = 'reversal' AND p.detail ? 'owed')
        ) told ON (told.id, told.wallet_id) = (m.posting_id, m.wallet_id)
        WHERE m.points <> coalesce(told.points, 0)
        """,
    ),
    Check(
        "reversals_within_original",
        "All reversals of a posting together are at most the posting.",
        """
        SELECT 'points_posting', r.reverses::text, 'points ' || coalesce(p.points, 0) || ', reversed ' || r.points
        FROM (SELECT reverses, sum(points) AS points FROM points_posting
              WHERE reverses IN (SELECT reverses FROM points_posting WHERE reverses IS NOT NULL AND :posted(id))
              GROUP BY 1) r
        LEFT JOIN points_posting p ON p.id = r.reverses
        WHERE r.points > coalesce(p.points, 0)
        """,
    ),
    Check(
        "carried_points_stay",
        "What one member gave, another got: between members a posting sums to zero.",
        """
        SELECT 'points_posting', e.posting_id::text, 'between members ' || sum(e.points)
        FROM points_entry e WHERE e.house = 'transfer' AND :posted(e.posting_id)
        GROUP BY e.posting_id, e.program_id HAVING sum(e.points) <> 0
        """,
    ),
)


def changed_postings(
    cursor: CursorWrapper, *, starts_at: datetime, ends_at: datetime, limit: int
) -> list[str]:
    """The first ids of postings around `[starts_at, ends_at)` that do not fit their digest."""
    scope = Scope(since=lowest_id(starts_at), before=highest_id(ends_at))
    cursor.execute(f"{scope.narrowed(_CHANGED)} LIMIT {limit}")
    return [row for _table, row, _detail in cursor.fetchall()]
