"""As of: what the books said at an instant they say for ever, whatever has been posted since."""

import contextlib
import json
import random
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.errors import DomainError
from points import ledger
from points.models import Lot, Posting, Wallet
from points.selectors import as_of
from points.selectors.as_of import liability_as_of, lots_as_of, wallets_as_of
from points.selectors.audit import audit
from points.selectors.seals import InstantYetToCome, database_now
from points.services.expiry import expire_due_lots
from points.services.redemption import redeem_points
from points.services.reversal import reverse_accrual, reverse_redemption
from tests.factories import NOW, give, make_member, make_program, make_rate, make_unit, redeem

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


def lots_now(member):
    return sorted(
        Lot.objects.filter(member=member, is_open=True).values_list("pk", "remaining", "expires_at"), key=str
    )


def lots_then(member, at):
    return sorted(
        ((lot.lot_id, lot.remaining, lot.expires_at) for lot in lots_as_of(member_id=member.pk, at=at)),
        key=str,
    )


def wallets_now(member):
    return [
        (wallet.program_id, wallet.balance, wallet.debt)
        for wallet in Wallet.objects.filter(member=member).order_by("program_id")
        if wallet.entries.exists()
    ]


def wallets_then(member, at):
    return [(w.program_id, w.balance, w.debt) for w in wallets_as_of(member_id=member.pk, at=at)]


def liability_now(at):
    totals = {}
    for lot in Lot.objects.filter(is_open=True):
        line = totals.setdefault((lot.program_id, lot.issuer_id), [0, Decimal(0), 0, Decimal(0)])
        dead = 2 if lot.expires_at is not None and lot.expires_at <= at else 0
        line[dead] += lot.remaining
        line[dead + 1] += lot.remaining * lot.unit_cost
    return {key: tuple(line) for key, line in totals.items()}


def liability_then(at):
    return {
        (line.program.pk, line.issuer.pk): (line.points, line.cost, line.expired_points, line.expired_cost)
        for line in liability_as_of(at=at)
    }


class World:
    """Two members, three programs (one rolls), two units; each step does one random thing of every kind."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.units = [make_unit(), make_unit()]
        self.programs = [
            make_program(owner=self.units[0], unit_cost=Decimal("0.012345")),
            make_program(owner=self.units[1], expiry_kind="days", expiry_count=2),
            make_program(owner=self.units[0], expiry_kind="rolling", expiry_count=3),
        ]
        make_rate(self.programs[1], self.programs[0], 3, 2)
        make_rate(self.programs[2], self.programs[0], 1)
        self.members = [make_member(), make_member()]
        self.count = 0

    def step(self):
        self.count += 1
        kinds = (
            self.give,
            self.give,
            self.redeem,
            self.take_back,
            self.put_back,
            self.exchange,
            self.carry,
            self.sweep,
        )
        # A refusal leaves nothing written, so there is nothing to compare.
        with contextlib.suppress(DomainError):
            self.dice.choice(kinds)(f"step-{self.count}", self.now())

    def now(self):
        """Days before and after the database's own, so that lots live and lapse on both sides of it."""
        return database_now() + timedelta(days=self.dice.randint(-4, 2))

    def give(self, ref, at):
        program = self.dice.choice(self.programs)
        give(
            self.dice.choice(self.members), program, self.dice.randint(1, 300),
            unit=self.dice.choice(self.units), source_ref=ref, occurred_at=at,
            available_at=self.dice.choice([None, at + DAY]),
        )  # fmt: skip

    def redeem(self, ref, at):
        redeem_points(
            member=self.dice.choice(self.members), program=self.programs[self.dice.choice([0, 0, 2])],
            unit=self.dice.choice(self.units), price=self.dice.randint(1, 200), source_ref=ref, at=at,
            by="test",
        )  # fmt: skip

    def take_back(self, ref, at):
        original = self.dice.choice(list(Posting.objects.filter(kind="accrual")) or [None])
        if original:
            reverse_accrual(
                unit=original.unit, accrual_ref=original.source_ref, source_ref=ref, by="test", at=at,
                points=self.dice.randint(1, original.points),
            )  # fmt: skip

    def put_back(self, ref, at):
        original = self.dice.choice(list(Posting.objects.filter(kind="redemption")) or [None])
        if original:
            reverse_redemption(
                unit=original.unit, redemption_ref=original.source_ref, source_ref=ref, by="test", at=at,
                points=self.dice.randint(1, original.points),
            )  # fmt: skip

    def exchange(self, ref, at):
        ledger.exchange(
            ledger.Swap(
                member_id=self.dice.choice(self.members).pk, source_id=self.programs[1].pk,
                target_id=self.programs[0].pk, unit_id=self.units[0].pk, points=self.dice.randint(2, 50),
                source_ref=ref, at=at, expires_at=None, day_starts_at=at - DAY, day_ends_at=at + DAY,
            ),
            actor="test",
        )  # fmt: skip

    def carry(self, ref, at):
        giver, receiver = self.dice.sample(self.members, 2)
        program = self.dice.choice(self.programs)
        if self.dice.random() < 0.6:
            whole = ledger.Period(at - 9 * DAY, at + 9 * DAY, None)
            ledger.transfer(
                ledger.Transfer(
                    giver.pk, receiver.pk, program.pk, self.units[0].pk, self.dice.randint(1, 80), ref, at,
                    whole, whole,
                ),
                actor="test",
            )  # fmt: skip
        else:
            ledger.move_wallet(
                ledger.Move(giver.pk, receiver.pk, program.pk, self.units[0].pk, ref, at), actor="test"
            )

    def sweep(self, _ref, at):
        expire_due_lots(at=at)


@pytest.mark.parametrize("seed", range(2))
def test_what_the_books_said_they_say_for_ever(seed):
    world = World(seed)
    told = []
    for _ in range(30):
        world.step()
        at = database_now()
        told.append((at, [(m, wallets_now(m), lots_now(m)) for m in world.members], liability_now(at)))
    assert audit().is_clean

    for at, members, liability in told:
        for member, wallets, lots in members:
            assert wallets_then(member, at) == wallets, at
            assert lots_then(member, at) == lots, at
        assert liability_then(at) == liability, at


def test_points_past_their_end_and_not_yet_swept_stand_apart_until_the_sweep():
    unit = make_unit()
    program, member = make_program(owner=unit, expiry_kind="days", expiry_count=1), make_member()
    give(member, program, 40, occurred_at=database_now() - 5 * DAY)
    before = database_now()
    expire_due_lots(at=before)

    (line,) = liability_as_of(at=before)

    assert (line.points, line.cost, line.expired_points, line.expired_cost) == (0, 0, 40, Decimal("0.400000"))
    assert liability_as_of(at=database_now()) == []


def test_a_posting_at_the_very_instant_is_not_in_the_books_yet():
    unit = make_unit()
    posting = give(make_member(), make_program(owner=unit), 5)

    assert liability_as_of(at=posting.posted_at) == []
    assert liability_as_of(at=posting.posted_at + timedelta(microseconds=1))[0].points == 5


def test_what_is_to_come_is_refused_and_what_is_not_settled_too(app_dsn, monkeypatch):
    monkeypatch.setattr(as_of, "SETTLE_SECONDS", 0.2)
    link = psycopg2.connect(app_dsn)
    try:
        link.cursor().execute("SELECT pg_current_xact_id()")

        with pytest.raises(as_of.NotSettledYet):
            liability_as_of(at=database_now())
        assert liability_as_of(at=database_now() - 2 * DAY) == []
        with pytest.raises(InstantYetToCome):
            liability_as_of(at=database_now() + DAY)
    finally:
        link.close()


def test_a_members_answer_takes_the_same_few_queries_whatever_there_is():
    unit = make_unit()
    program, member = make_program(owner=unit), make_member()
    give(member, program, 5)
    with CaptureQueriesContext(
        connection,
    ) as few:
        lots_as_of(member_id=member.pk, at=database_now() - 2 * DAY)
    for _ in range(20):
        give(member, program, 5)
        redeem(member, program, 3, unit=unit, at=NOW)

    with CaptureQueriesContext(connection) as many:
        lots_as_of(member_id=member.pk, at=database_now() - 2 * DAY)

    assert len(many) == len(few)


def test_the_command_says_it_in_exact_text():
    unit = make_unit("MALL")
    give(make_member(), make_program("POINTS", owner=unit, unit_cost=Decimal("0.000001")), 7)
    out = StringIO()

    call_command("liability", "--as-of", database_now().isoformat(), "--json", stdout=out)

    said = json.loads(out.getvalue())
    assert said["lines"] == [
        {
            "program": "POINTS", "issuer": "MALL", "currency": "CNY", "points": 7, "cost": "0.000007",
            "expired_points": 0, "expired_cost": "0.000000",
        }
    ]  # fmt: skip
    assert said["totals"] == {"CNY": "0.000007"}


@pytest.mark.parametrize("text", ["yesterday", "2026-01-01T00:00:00", "2100-01-01T00:00:00Z"])
def test_the_command_refuses_what_is_no_past_instant(text):
    with pytest.raises(CommandError):
        call_command("liability", "--as-of", text)


def test_before_the_first_year_there_was_nothing():
    out = StringIO()

    call_command("liability", "--as-of", "0001-01-01T00:00:00+14:00", "--json", stdout=out)

    assert json.loads(out.getvalue())["lines"] == []
