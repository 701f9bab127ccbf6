"""Reads from the database what the simulator compares with: effects of postings and holds, lots, wallets."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from tests.ledger_simulator.operations import Effects, LotFacts
from tests.ledger_simulator.shelf import NEVER
from tests.ledger_simulator.world import member_number

ROWS_AT_ONCE = 5_000
_LOT = """
SELECT l.id::text, g.code, u.code, l.points, l.earned_at, l.available_at, NULLIF(l.expires_at, 'infinity'),
       l.rolls, {more}
FROM points_lot l JOIN points_program g ON g.id = l.program_id JOIN units_businessunit u ON u.id = l.issuer_id
"""


# One row an event, with all its effects: a million of them stream by, and none is kept.
_EVENTS = """
SELECT o.what, o.id::text, coalesce(p.kind, CASE o.what WHEN 'held' THEN 'hold' ELSE h.status END), u.code,
       coalesce(p.source_ref, h.source_ref), coalesce(p.member_id, h.member_id)::text, g.code,
       coalesce(p.points, h.points),
       coalesce(p.occurred_at, CASE o.what WHEN 'held' THEN h.held_at ELSE h.closed_at END),
       CASE o.what
           WHEN 'posted' THEN json_build_array(
               (SELECT json_agg(json_build_array(e.program_id, e.points))
                FROM points_entry e WHERE e.posting_id = o.id),
               (SELECT json_agg(json_build_array(d.lot_id, d.points) ORDER BY d.id)
                FROM points_draw d WHERE d.posting_id = o.id),
               (SELECT json_agg(json_build_array(
                    l.id, l.program_id, l.issuer_id, l.points, l.earned_at, l.available_at,
                    NULLIF(l.expires_at, 'infinity'), l.rolls, p.detail -> 'lots' ->> l.id::text))
                FROM points_lot l WHERE l.posting_id = o.id))::text
           WHEN 'held' THEN json_build_array(
               NULL,
               (SELECT json_agg(json_build_array(d.lot_id, d.points) ORDER BY d.id)
                FROM points_holdlot d WHERE d.hold_id = o.id),
               NULL)::text
       END
FROM simulator_order o
LEFT JOIN points_posting p ON o.what = 'posted' AND p.id = o.id
LEFT JOIN points_hold h ON o.what <> 'posted' AND h.id = o.id
JOIN points_program g ON g.id = coalesce(p.program_id, h.program_id)
JOIN units_businessunit u ON u.id = coalesce(p.unit_id, h.unit_id)
ORDER BY o.seq
"""


@dataclass(frozen=True, slots=True)
class Event:
    """What the ledger did to a member: posted, held, or ended a hold (`kind` says which, or how)."""

    what: str
    id: str
    kind: str
    unit: str
    ref: str
    member: int
    program: str
    points: int
    at: datetime
    effects: Effects
    lots: tuple[tuple[str, LotFacts, str], ...]

    @property
    def reference(self) -> tuple[str, str, str]:
        return (self.unit, self.kind, self.ref)

    def __str__(self) -> str:
        told = f"{self.what} {self.kind} {self.unit}/{self.ref} {self.points} {self.program}"
        return f"{self.at:%Y-%m-%d %H:%M:%S.%f} {told} of {self.member}: {self.effects}"


def events() -> Iterator[Event]:
    """All that happened, in the order in which it got its locks."""
    programs = dict(rows("SELECT id, code FROM points_program"))
    units = dict(rows("SELECT id, code FROM units_businessunit"))
    for *row, member, program, points, at, done in streamed(_EVENTS):
        entries, draws, lots = json.loads(done or "[null, null, null]")
        moved = sorted((programs[number], moved) for number, moved in entries or ())
        made = tuple(
            (
                identity,
                LotFacts(programs[of], units[issuer], much, *map(_instant, instants), rolls),
                origin or "",
            )
            for identity, of, issuer, much, *instants, rolls, origin in lots or ()
        )
        effects = Effects(tuple(moved), tuple((lot, drawn) for lot, drawn in draws or ()))
        yield Event(*row, member_number(member), program, points, at, effects, made)


def _instant(text: str | None) -> datetime:
    return NEVER if text is None else datetime.fromisoformat(text)


def streamed(sql: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, a few thousand at a time."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
            )
        with connection.connection.cursor(name="simulator") as found:
            found.itersize = ROWS_AT_ONCE
            found.execute(sql)
            yield from found


def rows(sql: str, parameters: Iterable[object] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(parameters))
        return list(cursor.fetchall())


def new_lots(posting: str) -> list[tuple[str, LotFacts, str]]:
    """(id, facts, the lot it came from) of the lots that a posting made."""
    came_from = "(SELECT p.detail -> 'lots' ->> l.id::text FROM points_posting p WHERE p.id = l.posting_id)"
    found = rows(_LOT.format(more=came_from) + "WHERE l.posting_id = %s", [posting])
    return [(row[0], lot_facts(row[1:8]), row[8] or "") for row in found]


def lot_facts(row: tuple[Any, ...]) -> LotFacts:
    return LotFacts(*row[:5], row[5] or NEVER, row[6])


def effects_of_posting(posting: str) -> Effects:
    entries = rows(
        "SELECT g.code, e.points FROM points_entry e JOIN points_program g ON g.id = e.program_id"
        " WHERE e.posting_id = %s ORDER BY 1, 2",
        [posting],
    )
    draws = rows("SELECT lot_id::text, points FROM points_draw WHERE posting_id = %s ORDER BY id", [posting])
    return Effects(tuple(entries), tuple(draws))


def effects_of_hold(hold: str) -> Effects:
    lots = rows("SELECT lot_id::text, points FROM points_holdlot WHERE hold_id = %s ORDER BY id", [hold])
    return Effects(draws=tuple(lots))


def wallets() -> dict[tuple[str, str], tuple[int, int, int]]:
    """(member id, program) → (number, balance, debt)."""
    found = rows(
        "SELECT w.member_id::text, g.code, w.id, w.balance, w.debt"
        " FROM points_wallet w JOIN points_program g ON g.id = w.program_id"
    )
    return {(member, program): (number, balance, debt) for member, program, number, balance, debt in found}


def lots() -> Iterator[tuple[str, tuple[LotFacts, int, int]]]:
    """Every lot: its id, and (facts, remaining, held)."""
    for row in streamed(_LOT.format(more="l.remaining, l.held") + " ORDER BY l.id"):
        yield row[0], (lot_facts(row[1:8]), row[8], row[9])


def open_holds() -> list[tuple[str, str]]:
    """(unit, reference) of the holds that nobody ended."""
    return rows(
        "SELECT u.code, h.source_ref FROM points_hold h JOIN units_businessunit u ON u.id = h.unit_id"
        " WHERE h.status = 'open'"
    )
