"""Reads from the database what the simulator compares with: effects of postings and holds, lots, wallets."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from tests.ledger_simulator.operations import Effects, LotFacts
from tests.ledger_simulator.shelf import NEVER
from tests.ledger_simulator.world import member_number

_LOT = """
SELECT l.id::text, g.code, u.code, l.points, l.earned_at, l.available_at, NULLIF(l.expires_at, 'infinity'),
       {more}
FROM points_lot l JOIN points_program g ON g.id = l.program_id JOIN units_businessunit u ON u.id = l.issuer_id
"""


_EVENTS = """
SELECT o.seq, 'posted', p.id::text, p.kind, u.code, p.source_ref, p.member_id::text, g.code, p.points,
       p.occurred_at
FROM simulator_order o JOIN points_posting p ON p.id = o.id JOIN points_program g ON g.id = p.program_id
JOIN units_businessunit u ON u.id = p.unit_id WHERE o.what = 'posting'
UNION ALL
SELECT o.seq, o.what, h.id::text, CASE o.what WHEN 'held' THEN 'hold' ELSE h.status END, u.code, h.source_ref,
       h.member_id::text, g.code, h.points, CASE o.what WHEN 'held' THEN h.held_at ELSE h.closed_at END
FROM simulator_order o JOIN points_hold h ON h.id = o.id JOIN points_program g ON g.id = h.program_id
JOIN units_businessunit u ON u.id = h.unit_id WHERE o.what <> 'posting'
ORDER BY 1
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

    @property
    def reference(self) -> tuple[str, str, str]:
        return (self.unit, self.kind, self.ref)


def events() -> Iterator[Event]:
    """All that happened, in the order in which it got its locks."""
    for row in rows(_EVENTS):
        yield Event(*row[1:6], member_number(row[6]), *row[7:])


class Posted:
    """Entries, draws and new lots of all postings, and the lots of all holds, read at once."""

    def __init__(self) -> None:
        self.entries = _by_first(
            "SELECT e.posting_id::text, g.code, e.points FROM points_entry e"
            " JOIN points_program g ON g.id = e.program_id ORDER BY g.code"
        )
        self.draws = _by_first("SELECT posting_id::text, lot_id::text, points FROM points_draw ORDER BY id")
        self.held = _by_first("SELECT hold_id::text, lot_id::text, points FROM points_holdlot ORDER BY id")
        self.lots: dict[str, list[tuple[str, LotFacts]]] = defaultdict(list)
        for row in rows(_LOT.format(more="l.posting_id::text")):
            self.lots[row[7]].append((row[0], lot_facts(row[1:7])))

    def effects(self, posting: str) -> Effects:
        return Effects(tuple(self.entries.get(posting, ())), tuple(self.draws.get(posting, ())))

    def of_hold(self, hold: str) -> Effects:
        return Effects(draws=tuple(self.held.get(hold, ())))


def _by_first(sql: str) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows(sql):
        found[row[0]].append(row[1:])
    return found


def rows(sql: str, parameters: Iterable[object] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(parameters))
        return list(cursor.fetchall())


def new_lots(posting: str) -> list[tuple[str, LotFacts]]:
    """(id, facts) of the lots that a posting made."""
    found = rows(_LOT.format(more="NULL") + "WHERE l.posting_id = %s", [posting])
    return [(row[0], lot_facts(row[1:7])) for row in found]


def lot_facts(row: tuple[Any, ...]) -> LotFacts:
    return LotFacts(*row[:5], row[5] or NEVER)


def effects_of_posting(posting: str) -> Effects:
    entries = rows(
        "SELECT g.code, e.points FROM points_entry e JOIN points_program g ON g.id = e.program_id"
        " WHERE e.posting_id = %s ORDER BY 1",
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


def lots() -> dict[str, tuple[LotFacts, int, int]]:
    """id → (facts, remaining, held)."""
    found = rows(_LOT.format(more="l.remaining, l.held"))
    return {row[0]: (lot_facts(row[1:7]), row[7], row[8]) for row in found}


def open_holds() -> list[tuple[str, str]]:
    """(unit, reference) of the holds that nobody ended."""
    return rows(
        "SELECT u.code, h.source_ref FROM points_hold h JOIN units_businessunit u ON u.id = h.unit_id"
        " WHERE h.status = 'open'"
    )
