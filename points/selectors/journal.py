"""The whole journal as JSON lines, for whoever wants to prove the books with other tools."""

from collections.abc import Iterator

from django.db import connection, transaction

LINES_A_BATCH = 5_000

# PostgreSQL writes the JSON: a line costs one short string in Python. Instants are UTC, money exact text,
# programs and units by code. An entry is two lines, its legs: a posting's lines sum to zero in every program.
_STATEMENTS = (
    """
    SELECT json_build_object('type', 'unit', 'id', id, 'code', code)::text FROM units_businessunit ORDER BY id
    """,
    """
    SELECT json_build_object('type', 'program', 'id', id, 'code', code)::text FROM points_program ORDER BY id
    """,
    """
    SELECT json_build_object(
        'type', 'posting', 'id', p.id, 'kind', p.kind, 'unit', u.code, 'source_ref', p.source_ref,
        'member', p.member_id, 'program', g.code, 'points', p.points, 'occurred_at', p.occurred_at,
        'posted_at', p.posted_at, 'actor', p.actor, 'rule', p.rule, 'reverses', p.reverses,
        'detail', p.detail, 'digest', encode(p.digest, 'hex'))::text
    FROM points_posting p
    JOIN units_businessunit u ON u.id = p.unit_id JOIN points_program g ON g.id = p.program_id
    ORDER BY p.id
    """,
    """
    SELECT json_build_object(
        'type', 'entry', 'id', e.id, 'leg', leg.name, 'posting', e.posting_id, 'program', g.code,
        'account', CASE leg.name WHEN 'wallet' THEN 'wallet' ELSE e.house END,
        'wallet', CASE leg.name WHEN 'wallet' THEN e.wallet_id END,
        'member', CASE leg.name WHEN 'wallet' THEN e.member_id END,
        'unit', CASE leg.name WHEN 'house' THEN u.code END,
        'points', leg.sign * e.points)::text
    FROM points_entry e
    JOIN units_businessunit u ON u.id = e.unit_id JOIN points_program g ON g.id = e.program_id
    CROSS JOIN (VALUES ('wallet', 1), ('house', -1)) AS leg (name, sign)
    ORDER BY e.id, leg.sign DESC
    """,
    """
    SELECT json_build_object(
        'type', 'lot', 'id', l.id, 'wallet', l.wallet_id, 'member', l.member_id, 'program', g.code,
        'issuer', u.code, 'posting', l.posting_id, 'points', l.points, 'remaining', l.remaining,
        'held', l.held, 'rolls', l.rolls, 'unit_cost', l.unit_cost::text, 'earned_at', l.earned_at,
        'available_at', l.available_at, 'expires_at', NULLIF(l.expires_at, 'infinity'),
        'is_open', l.is_open)::text
    FROM points_lot l
    JOIN units_businessunit u ON u.id = l.issuer_id JOIN points_program g ON g.id = l.program_id
    ORDER BY l.id
    """,
    """
    SELECT json_build_object(
        'type', 'draw', 'id', d.id, 'posting', d.posting_id, 'lot', d.lot_id, 'member', d.member_id,
        'points', d.points)::text
    FROM points_draw d ORDER BY d.id
    """,
    """
    SELECT json_build_object(
        'type', 'wallet', 'id', w.id, 'member', w.member_id, 'program', g.code, 'balance', w.balance,
        'debt', w.debt)::text
    FROM points_wallet w JOIN points_program g ON g.id = w.program_id
    ORDER BY w.id
    """,
)


def journal_lines() -> Iterator[list[str]]:
    """Batches of JSON lines: units, programs, postings, entries, lots, draws, wallets; all of one snapshot.

    Streams through server-side cursors, so its memory does not grow with the journal. Opens its own
    transaction, read-only at REPEATABLE READ: it cannot run inside another.
    """
    assert not connection.in_atomic_block, "the snapshot is a transaction of its own"
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # The reader of a pipe may be slow; a long export is not a stuck request.
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        for number, statement in enumerate(_STATEMENTS):
            # Named by hand: inside a transaction a server-side cursor works behind PgBouncer too.
            with connection.connection.cursor(name=f"journal_{number}") as rows:
                rows.itersize = LINES_A_BATCH
                rows.execute(statement)
                while batch := rows.fetchmany(LINES_A_BATCH):
                    yield [line for (line,) in batch]
