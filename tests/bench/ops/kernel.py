"""Calls of the kernel by a bare driver: what PostgreSQL itself takes for a use case."""

import itertools
import random
from datetime import UTC, datetime
from uuid import UUID

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 -- psycopg2 spells it so

from common.sql import instant_array, plain_array, text_array
from tests.bench.worker import Operation

PROGRAM = 1
# As points/ledger asks: a composite answer, not a table.
ACCRUE = "SELECT points_accrue(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
ACCRUE_MANY = (
    "SELECT * FROM points_accrue_many(%s::uuid[], %s::int[], %s::int[], %s::bigint[], %s::text[],"
    " %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::numeric[], %s, %s::text[])"
)
REDEEM = "SELECT points_redeem(%s, %s, %s, %s, %s, %s, %s, %s)"
EXPIRES = datetime(2040, 1, 1, tzinfo=UTC)


def member_id(number: int) -> str:
    """The id of member `number` (sql/people.sql)."""
    return str(UUID(f"00000000-0000-7000-8000-{number:012x}"))


def cursor_of(url: str) -> Cursor:
    """A cursor in autocommit: the call is the transaction."""
    link = psycopg2.connect(url)
    link.autocommit = True
    return link.cursor()


def floor(*, url: str, client: str, members: int) -> Operation:
    """The least durable work (sql/floor.sql)."""
    cursor, serial, chance = cursor_of(url), itertools.count(), random.Random(client)

    def post() -> int:
        cursor.execute(
            "SELECT floor_post(%s, %s, %s)", (f"{client}-{next(serial)}", chance.randint(1, members), 100)
        )
        cursor.fetchone()
        return 1

    return post


def accrue(*, url: str, client: str, members: int, units: int = 100, is_patient: bool = False) -> Operation:
    """A complete earn, at one of `units` units. A patient one waits for locks, and the wait is measured."""
    cursor, serial, chance = cursor_of(url), itertools.count(), random.Random(client)
    if is_patient:
        cursor.execute("SET lock_timeout = 0")

    def earn() -> int:
        at = datetime.now(tz=UTC)
        member, unit = member_id(chance.randint(1, members)), chance.randint(1, units)
        reference = f"{client}-{next(serial)}"
        cursor.execute(
            ACCRUE, (member, PROGRAM, unit, 100, reference, at, at, EXPIRES, "0.01", "bench", "bench")
        )
        return expect(cursor, "posted")

    return earn


def replay_accrual(*, url: str, client: str, members: int, references: int = 500) -> Operation:
    """The same earn asked again: posts `references` at first, then repeats them."""
    cursor, chance = cursor_of(url), random.Random(client)
    at = datetime.now(tz=UTC)
    asked = [
        (
            member_id(chance.randint(1, members)),
            PROGRAM,
            1,
            100,
            f"{client}-{n}",
            at,
            at,
            EXPIRES,
            "0.01",
            "b",
            "b",
        )
        for n in range(references)
    ]
    for one in asked:
        cursor.execute(ACCRUE, one)
    again = itertools.cycle(asked)

    def repeat() -> int:
        cursor.execute(ACCRUE, next(again))
        return expect(cursor, "replayed")

    return repeat


def accrue_many(*, url: str, client: str, members: int, batch: int, units: int = 100) -> Operation:
    """`batch` earns in one call."""
    cursor, serial, chance = cursor_of(url), itertools.count(), random.Random(client)

    def earn_all() -> int:
        at = datetime.now(tz=UTC)
        many = range(batch)
        instants = instant_array(at for _ in many)
        cursor.execute(
            ACCRUE_MANY,
            (
                plain_array(member_id(chance.randint(1, members)) for _ in many),
                plain_array(PROGRAM for _ in many),
                plain_array(chance.randint(1, units) for _ in many),
                plain_array(100 for _ in many),
                text_array([f"{client}-{next(serial)}" for _ in many]),
                *(instants, instants, instant_array(EXPIRES for _ in many)),
                plain_array("0.01" for _ in many),
                "bench",
                text_array(["bench" for _ in many]),
            ),
        )
        assert cursor.fetchone()[0] == "posted"
        return batch

    return earn_all


def redeem(
    *, url: str, client: str, members: int, program: int = PROGRAM, price: int = 1, is_in_turn: bool = False
) -> Operation:
    """Spend `price` points of a random one of the first `members` (or each in turn), soonest expiry first."""
    cursor, serial, chance = cursor_of(url), itertools.count(), random.Random(client)

    def spend() -> int:
        number = next(serial)
        member = member_id(number % members + 1 if is_in_turn else chance.randint(1, members))
        reference = f"{client}-{number}"
        cursor.execute(REDEEM, (member, program, 1, price, reference, datetime.now(tz=UTC), "bench", None))
        return expect(cursor, "posted")

    return spend


def replay_redemption(*, url: str, client: str, members: int, references: int = 500) -> Operation:
    """The same redemption asked again."""
    cursor, chance = cursor_of(url), random.Random(client)
    at = datetime.now(tz=UTC)
    asked = [
        (member_id(chance.randint(1, members)), PROGRAM, 1, 1, f"{client}-{n}", at, "bench", None)
        for n in range(references)
    ]
    for one in asked:
        cursor.execute(REDEEM, one)
    again = itertools.cycle(asked)

    def repeat() -> int:
        cursor.execute(REDEEM, next(again))
        return expect(cursor, "replayed")

    return repeat


def expect(cursor: Cursor, outcome: str) -> int:
    """One operation, if the kernel answered `outcome`: a benchmark of refusals would be a fast one."""
    (answer,) = cursor.fetchone()
    assert answer.startswith(f"({outcome},"), answer
    return 1
