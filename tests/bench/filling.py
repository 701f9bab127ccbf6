"""Fills the databases that are measured."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.bench.place import SQL, Place, manage
from tests.bench.run import LEDGER, PEERS, Run

FAR = "2030-01-01"
SEED_POINTS = 1_000_000_000
# What sql/history.sql gives a member.
POSTINGS_A_MEMBER = 10
_ROWS_A_STATEMENT = 50_000
_ROWS_A_CHECKPOINT = 1_000_000
_SESSIONS = 2


@dataclass(frozen=True)
class Lots:
    """`lots` lots of `points` for each of the first `members` members."""

    members: int
    lots: int = 1
    points: int = SEED_POINTS
    program: int = 1
    prefix: str = "seed-"
    earned_at: str = "2025-01-01"
    expires_at: str = FAR


def fill(place: Place, database: str, given: Lots) -> None:
    """Give the lots through the kernel's own batch function."""
    with place.admin(database) as link, link.cursor() as cursor:
        cursor.execute((SQL / "fill.sql").read_text(encoding="utf-8"), vars(given))


@dataclass(frozen=True)
class History:
    """Four years of `members` members: ten postings each, of `points`, some lots spent and some half."""

    members: int
    points: int = 100_000_000
    starts_at: str = "2022-01-01"
    years: int = 4

    @property
    def postings(self) -> int:
        return self.members * POSTINGS_A_MEMBER


def fill_history(place: Place, database: str, history: History) -> None:
    """Write the history straight into the tables, every index and CHECK in place, digests and all.

    Ten million postings through the kernel would take a quarter of an hour; the audit finds nothing to tell
    these rows from the kernel's own. The log is let go of now and then: it would outgrow the data.
    """
    values = {**vars(history), "step": f"{history.years * 365 * 86_400 / history.postings} seconds"}
    place.run(database, "history_begin.sql", **values)
    statement = (SQL / "history.sql").read_text(encoding="utf-8")

    def write(first: int) -> None:
        until = min(first + _ROWS_A_STATEMENT, history.postings)
        with place.admin(database) as link, link.cursor() as cursor:
            cursor.execute("SET synchronous_commit = off")
            cursor.execute(statement, {**values, "first": first, "until": until})

    for begin in range(0, history.postings, _ROWS_A_CHECKPOINT):
        end = min(begin + _ROWS_A_CHECKPOINT, history.postings)
        with ThreadPoolExecutor(_SESSIONS) as sessions:
            list(sessions.map(write, range(begin, end, _ROWS_A_STATEMENT)))
        place.checkpoint()


def make_ledger(run: Run) -> None:
    """The database of most parts: every member has one lot that never runs dry; some have many."""
    place, scale = run.place, run.scale
    place.create(LEDGER)
    place.run(LEDGER, "people.sql", members=scale.members)
    place.run(LEDGER, "floor.sql", members=scale.members)
    fill(place, LEDGER, Lots(scale.members))
    fill(
        place, LEDGER, Lots(scale.rich_members, scale.rich_lots, points=1_000_000, program=2, prefix="rich-")
    )
    fill(place, LEDGER, Lots(scale.rich_members, scale.rich_lots, points=1, program=3, prefix="small-"))
    place.settle(LEDGER)


def make_peers(run: Run) -> bool:
    """The peers' database; whether django-hordak is in it."""
    place, members = run.place, run.scale.members
    place.create_empty(PEERS)
    environment = place.environment(PEERS, "tests.bench.peer_settings")
    manage(environment, "migrate", "--run-syncdb", "--verbosity", "0")
    with place.admin(PEERS) as link, link.cursor() as cursor:
        cursor.execute(
            "INSERT INTO plain_orm_wallet (member, balance)"
            " SELECT n, %(points)s FROM generate_series(1, %(members)s) n;"
            "INSERT INTO plain_orm_lot (wallet_id, points, remaining, expires_at)"
            " SELECT id, %(points)s, %(points)s, '2030-01-01' FROM plain_orm_wallet",
            {"members": members, "points": SEED_POINTS},
        )
        cursor.execute("SELECT to_regclass('hordak_account') IS NOT NULL")
        (has_hordak,) = cursor.fetchone()
    if has_hordak:
        manage(environment, "shell", "--command", _HORDAK_ACCOUNTS)
    place.settle(PEERS)
    return bool(has_hordak)


_HORDAK_ACCOUNTS = """
from hordak.models import Account
for number in range(200):
    Account.objects.create(name=f"account {number}", type="AS", code=f"{number:04d}", currencies=["CNY"])
"""
