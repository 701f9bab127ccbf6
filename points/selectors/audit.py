"""The audit: every line of "always true" re-proved from the rows, and each row that disagrees named.

Each check is one set-based statement that returns the rows that break it. It reads as whoever asks (the app or
the auditor) in one snapshot, so that a posting in flight is seen whole or not at all.
"""

from dataclasses import dataclass

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

ROWS_NAMED = 100


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A row that breaks an invariant: which check, which table, which row, what is wrong."""

    check: str
    table: str
    row: str
    detail: str


@dataclass(frozen=True, slots=True)
class Check:
    """`sql` returns (table, row, detail) of what breaks the sentence that `says` what must hold."""

    name: str
    says: str
    sql: str


_DIGESTED = """
    SELECT 'points_posting', p.id::text, p.kind || ' ' || p.source_ref
    FROM points_posting p
    LEFT JOIN (
        SELECT posting_id, string_agg(text, E'\\n' ORDER BY text COLLATE "C") AS text FROM (
            SELECT posting_id, points_entry_text(member_id, program_id, house, unit_id, points) AS text
            FROM points_entry) e GROUP BY posting_id
    ) entries ON entries.posting_id = p.id
    LEFT JOIN (
        SELECT posting_id, string_agg(text, E'\\n' ORDER BY text COLLATE "C") AS text FROM (
            SELECT posting_id, points_draw_text(lot_id, points) AS text FROM points_draw) d GROUP BY posting_id
    ) draws ON draws.posting_id = p.id
    LEFT JOIN (
        SELECT posting_id, string_agg(text, E'\\n' ORDER BY text COLLATE "C") AS text FROM (
            SELECT posting_id,
                   points_lot_text(id, issuer_id, points, unit_cost, earned_at, available_at, expires_at) AS text
            FROM points_lot) l GROUP BY posting_id
    ) lots ON lots.posting_id = p.id
    WHERE p.digest <> points_digest(
        points_posting_text(p.id, p.kind, p.unit_id, p.source_ref, p.member_id, p.program_id, p.points,
                            p.occurred_at, p.posted_at, p.actor, p.rule, p.reverses, p.detail),
        entries.text, draws.text, lots.text)
"""

CHECKS = (
    Check(
        "posting_digest",
        "A posting, its entries, its draws and its new lots are as the kernel wrote them.",
        _DIGESTED,
    ),
    Check(
        "posting_has_entries",
        "Every posting moved something (but a refund wholly forgiven, or a part too small for one point back).",
        """
        SELECT 'points_posting', p.id::text, 'no entry' FROM points_posting p
        WHERE NOT EXISTS (SELECT FROM points_entry e WHERE e.posting_id = p.id)
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
            WHERE NOT EXISTS (SELECT FROM points_posting p WHERE p.id = e.posting_id)
        UNION ALL
        SELECT 'points_entry', e.id::text, 'not of wallet ' || e.wallet_id FROM points_entry e
            WHERE NOT EXISTS (SELECT FROM points_wallet w WHERE (w.id, w.member_id, w.program_id)
                              = (e.wallet_id, e.member_id, e.program_id))
        UNION ALL
        SELECT 'points_draw', d.id::text, 'no posting ' || d.posting_id FROM points_draw d
            WHERE NOT EXISTS (SELECT FROM points_posting p WHERE p.id = d.posting_id)
        UNION ALL
        SELECT 'points_draw', d.id::text, 'no lot ' || d.lot_id FROM points_draw d
            WHERE NOT EXISTS (SELECT FROM points_lot l WHERE l.id = d.lot_id AND l.member_id = d.member_id)
        UNION ALL
        SELECT 'points_lot', l.id::text, 'no posting ' || l.posting_id FROM points_lot l
            WHERE NOT EXISTS (SELECT FROM points_posting p WHERE p.id = l.posting_id)
        UNION ALL
        SELECT 'points_lot', l.id::text, 'not of wallet ' || l.wallet_id FROM points_lot l
            WHERE NOT EXISTS (SELECT FROM points_wallet w WHERE (w.id, w.member_id, w.program_id)
                              = (l.wallet_id, l.member_id, l.program_id))
        """,
    ),
    Check(
        "wallet_is_its_entries",
        "A wallet's balance is the sum of its entries.",
        """
        SELECT 'points_wallet', w.id::text, 'balance ' || w.balance || ', entries ' || coalesce(e.points, 0)
        FROM points_wallet w
        LEFT JOIN (SELECT wallet_id, sum(points) AS points FROM points_entry GROUP BY 1) e ON e.wallet_id = w.id
        WHERE w.balance <> coalesce(e.points, 0)
        """,
    ),
    Check(
        "wallet_is_its_lots",
        "A wallet's balance is what remains in its lots, less its debt.",
        """
        SELECT 'points_wallet', w.id::text,
               'balance ' || w.balance || ', lots ' || coalesce(l.remaining, 0) || ', debt ' || w.debt
        FROM points_wallet w
        LEFT JOIN (SELECT wallet_id, sum(remaining) AS remaining FROM points_lot GROUP BY 1) l ON l.wallet_id = w.id
        WHERE w.balance <> coalesce(l.remaining, 0) - w.debt OR w.debt < 0
        """,
    ),
    Check(
        "lot_is_its_draws",
        "A lot's points are what remains and what was drawn, less what was put back; it is open while points remain.",
        """
        SELECT 'points_lot', l.id::text,
               'points ' || l.points || ', remaining ' || l.remaining || ', drawn ' || coalesce(d.points, 0)
        FROM points_lot l
        LEFT JOIN (SELECT lot_id, sum(points) AS points FROM points_draw GROUP BY 1) d ON d.lot_id = l.id
        WHERE l.points <> l.remaining + coalesce(d.points, 0) OR l.remaining < 0 OR l.remaining > l.points
           OR l.is_open <> (l.remaining > 0)
        """,
    ),
    Check(
        "posting_is_its_draws",
        "In every posting, wallet and program, the entries are the new lots less the draws.",
        """
        SELECT 'points_posting', m.posting_id::text, 'entries less lots plus draws is ' || sum(m.points)
        FROM (
            SELECT posting_id, wallet_id, points FROM points_entry
            UNION ALL SELECT posting_id, wallet_id, -points FROM points_lot
            UNION ALL SELECT d.posting_id, l.wallet_id, d.points FROM points_draw d JOIN points_lot l ON l.id = d.lot_id
        ) m
        JOIN points_posting p ON p.id = m.posting_id
        GROUP BY m.posting_id, m.wallet_id, p.kind, p.detail
        -- An accrual that repays a debt draws on its own lot without lowering the balance; a refund that leaves
        -- a debt lowers the balance without a draw.
        HAVING sum(m.points) <> CASE WHEN p.kind = 'reversal' THEN -coalesce((p.detail ->> 'owed')::bigint, 0) ELSE 0 END
           AND NOT (p.kind = 'accrual' AND sum(m.points) > 0)
        """,
    ),
    Check(
        "debt_is_explained",
        "A wallet's debt is what refunds left owing, less what accruals repaid from their own lots.",
        """
        SELECT 'points_wallet', w.id::text, 'debt ' || w.debt || ', owed ' || coalesce(o.points, 0)
                                            || ', repaid ' || coalesce(r.points, 0)
        FROM points_wallet w
        LEFT JOIN (SELECT member_id, program_id, sum((detail ->> 'owed')::bigint) AS points FROM points_posting
                   WHERE reverses IS NOT NULL GROUP BY 1, 2) o USING (member_id, program_id)
        LEFT JOIN (SELECT l.wallet_id, sum(d.points) AS points FROM points_draw d
                   JOIN points_lot l ON l.id = d.lot_id AND l.posting_id = d.posting_id GROUP BY 1) r
               ON r.wallet_id = w.id
        WHERE w.debt <> coalesce(o.points, 0) - coalesce(r.points, 0)
        """,
    ),
    Check(
        "reversals_within_original",
        "All reversals of a posting together are at most the posting.",
        """
        SELECT 'points_posting', p.id::text, 'points ' || p.points || ', reversed ' || r.points
        FROM (SELECT reverses, sum(points) AS points FROM points_posting WHERE reverses IS NOT NULL GROUP BY 1) r
        JOIN points_posting p ON p.id = r.reverses
        WHERE r.points > p.points
        """,
    ),
    Check(
        "spent_points_were_alive",
        "A redemption draws only on lots that were available and not expired when it happened, or was held.",
        """
        SELECT 'points_draw', d.id::text, 'lot ' || l.id || ' lived from ' || l.available_at || ' to ' || l.expires_at
        FROM points_draw d
        JOIN points_posting p ON p.id = d.posting_id AND p.kind = 'redemption'
        JOIN points_lot l ON l.id = d.lot_id
        CROSS JOIN LATERAL (
            SELECT coalesce((p.detail ->> 'held_at')::timestamptz, p.occurred_at) AS at) chosen
        WHERE d.points > 0 AND NOT (l.available_at <= chosen.at AND chosen.at < l.expires_at)
        """,
    ),
    Check(
        "lot_is_held_by_its_holds",
        "What a lot holds is what open holds reserve of it.",
        """
        SELECT 'points_lot', l.id::text, 'held ' || l.held || ', by open holds ' || coalesce(h.points, 0)
        FROM points_lot l
        LEFT JOIN (SELECT d.lot_id, sum(d.points) AS points FROM points_holdlot d
                   JOIN points_hold h ON h.id = d.hold_id WHERE h.status = 'open' GROUP BY 1) h ON h.lot_id = l.id
        WHERE l.held <> coalesce(h.points, 0)
        """,
    ),
    Check(
        "capture_within_its_hold",
        "A captured hold has its posting, of the same sale and for no more than was held.",
        """
        SELECT 'points_hold', h.id::text, 'captured as ' || coalesce(p.points::text, 'nothing') || ' of ' || h.points
        FROM points_hold h
        LEFT JOIN points_posting p ON p.id = h.posting_id
        WHERE h.status = 'captured' AND (p.id IS NULL OR p.points > h.points
              OR (p.kind, p.unit_id, p.source_ref, p.member_id)
                 <> ('redemption', h.unit_id, h.source_ref, h.member_id))
        """,
    ),
    Check(
        "guards_stand",
        "The append-only triggers are on, and the app role cannot write the ledger.",
        """
        SELECT 'pg_trigger', g.name, 'the guard is gone or off'
        FROM unnest(ARRAY[
            'posting_is_append_only', 'posting_is_never_emptied', 'entry_is_append_only', 'entry_is_never_emptied',
            'draw_is_append_only', 'draw_is_never_emptied', 'lot_is_fixed', 'lot_is_never_deleted',
            'hold_is_fixed', 'hold_is_never_deleted', 'hold_is_never_emptied', 'holdlot_is_fixed',
            'holdlot_is_never_emptied', 'lot_is_never_emptied', 'wallet_is_never_deleted', 'wallet_is_never_emptied', 'wallet_is_of_one_member'
        ]) AS g (name)
        WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgname = g.name AND t.tgenabled IN ('O', 'A'))
        UNION ALL
        SELECT 'pg_class', t.name, 'loyalty_app may write it'
        FROM unnest(ARRAY['points_posting', 'points_entry', 'points_draw', 'points_lot', 'points_wallet', 'points_hold',
                          'points_holdlot']) AS t (name)
        -- Rights on single columns count as well.
        WHERE has_table_privilege('loyalty_app', t.name, 'DELETE, TRUNCATE')
           OR has_any_column_privilege('loyalty_app', t.name, 'INSERT, UPDATE')
        """,
    ),
)


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What was looked at and what disagrees (at most 100 rows a check are named, all are counted)."""

    postings: int
    disagreements: tuple[Disagreement, ...]
    counts: dict[str, int]

    @property
    def is_clean(self) -> bool:
        """Everything agrees."""
        return not self.disagreements


def audit(*, using: str = "default") -> AuditReport:
    """Re-prove the whole ledger in one snapshot. Reads only; any login that may SELECT will do."""
    found: list[Disagreement] = []
    counts: dict[str, int] = {}
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        if not connections[using].savepoint_ids:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        # Every check reads whole tables. Where statistics lag behind a bulk load, the planner would take them for
        # small and loop over one for each row of another: hours instead of seconds.
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL enable_nestloop = off")
        cursor.execute("SELECT count(*) FROM points_posting")
        postings = cursor.fetchone()[0]
        for check in CHECKS:
            named, counts[check.name] = _disagreements(cursor, check)
            found += named
        # Inside somebody's transaction (a test, a story) the planner gets its freedom back.
        cursor.execute("SET LOCAL enable_nestloop = on")
    return AuditReport(postings, tuple(found), counts)


def _disagreements(cursor: CursorWrapper, check: Check) -> tuple[list[Disagreement], int]:
    """The first rows that break the check, and how many there are: after a TRUNCATE there may be millions."""
    cursor.execute(
        f"SELECT found.*, count(*) OVER () FROM ({check.sql}) AS found LIMIT {ROWS_NAMED}"  # noqa: S608 -- our own text
    )
    rows = cursor.fetchall()
    named = [Disagreement(check.name, table, row, detail) for table, row, detail, _all in rows]
    return named, rows[0][3] if rows else 0
