"""The allocation against an oracle: plain Python that knows the rule and nothing of the kernel."""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from math import ceil, floor, inf

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from points import ledger
from points.models import Lot, Posting
from points.selectors.audit import audit
from points.services.expiry import expire_due_lots
from tests.factories import NOW, balance, make_member, make_program, make_rate, make_unit

pytestmark = pytest.mark.django_db
EXPIRIES = (None, 1, 5, 30)  # days from the day before NOW


@dataclass
class OracleLot:
    points: int
    days: int | None
    age: int
    pending: bool

    @property
    def order(self):
        return (inf if self.days is None else self.days, -self.age)


def oracle(price, own, others, rates):
    """[(program, spent, covered)] and what is short. `others` and `rates` by program, in wallet order."""
    rest, shares = price, []
    spendable = sum(lot.points for lot in own if not lot.pending)
    if spendable:
        shares.append(("own", min(spendable, rest), min(spendable, rest)))
        rest -= min(spendable, rest)
    usable = []
    for position, (name, lots) in enumerate(others.items()):
        live = [lot for lot in lots if not lot.pending]
        if live and name in rates:
            usable.append(
                (min(lot.order[0] for lot in live), position, name, sum(lot.points for lot in live))
            )
    for _soonest, _position, name, points in sorted(usable):
        covered = min(rest, floor(points * rates[name]))
        if rest and covered:
            shares.append((name, ceil(covered / rates[name]), covered))
            rest -= covered
    return shares, rest


lots = st.lists(
    st.builds(
        OracleLot,
        points=st.integers(1, 40),
        days=st.sampled_from(EXPIRIES),
        age=st.integers(0, 3),
        pending=st.booleans(),
    ),
    max_size=4,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    price=st.integers(1, 200),
    own=lots,
    others=st.lists(lots, max_size=3),
    rates=st.lists(
        st.one_of(st.none(), st.tuples(st.integers(1, 9), st.integers(1, 9))), min_size=3, max_size=3
    ),
)
def test_the_kernel_allocates_as_the_rule_says(price, own, others, rates):
    unit, member = make_unit(), make_member()
    target = make_program(owner=unit)
    programs = {f"other{i}": make_program(owner=unit) for i in range(len(others))}
    fractions = {}
    for (name, program), rate in zip(programs.items(), rates, strict=False):
        if rate:
            make_rate(program, target, *rate)
            fractions[name] = Fraction(*rate)
    stock(member, unit, target, own)
    for program, mine in zip(programs.values(), others, strict=True):
        stock(member, unit, program, mine)
    names = {target.pk: "own"} | {program.pk: name for name, program in programs.items()}

    shares, short = ledger.allocate(member_id=member.pk, program_id=target.pk, price=price, at=NOW)

    expected, expected_short = oracle(price, own, dict(zip(programs, others, strict=True)), fractions)
    assert [(names[s.program_id], s.spent, s.covered) for s in shares] == expected
    assert short == expected_short


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(own=lots, spends=st.lists(st.tuples(st.integers(1, 60), st.integers(0, 40)), max_size=5))
def test_any_history_of_spending_and_sweeping_keeps_the_books(own, spends):
    unit, member = make_unit(), make_member()
    program = make_program(owner=unit)
    stock(member, unit, program, own)
    spent = 0

    for number, (price, days) in enumerate(sorted(spends, key=lambda s: s[1])):
        at = NOW + timedelta(days=days)
        expire_due_lots(at=at)
        spending = ledger.Spending(member.pk, program.pk, unit.pk, price, f"{member.number}-{number}", at)
        if ledger.redeem(spending, actor="test").name == "posted":
            spent += price

    # The examples share a database: a sweep also takes what earlier ones left.
    expired = sum(Posting.objects.filter(member=member, kind="expiry").values_list("points", flat=True))
    assert balance(member, program) == sum(lot.points for lot in own) - spent - expired
    assert all(0 <= lot.remaining <= lot.points for lot in Lot.objects.filter(member=member))
    assert audit().is_clean


def stock(member, unit, program, lots):
    """Give the lots as they are, past the program's policy."""
    for lot in lots:
        earned_at = NOW - timedelta(days=1, hours=lot.age)
        ledger.accrue(
            ledger.Accrual(
                member_id=member.pk,
                program_id=program.pk,
                unit_id=unit.pk,
                points=lot.points,
                source_ref=f"lot-{id(lot)}-{program.pk}-{Lot.objects.count()}",
                occurred_at=earned_at,
                available_at=NOW + timedelta(days=0.5) if lot.pending else earned_at,
                expires_at=None if lot.days is None else NOW + timedelta(days=lot.days),
                unit_cost=program.unit_cost,
                rule="",
            ),
            actor="test",
        )
