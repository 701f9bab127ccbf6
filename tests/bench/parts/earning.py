"""Rule evaluation alone: a million activities of 100,000 members by 20 rules, without and with traces."""

import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from random import Random

from activities.rules.earn_book import Book
from activities.rules.earn_facts import Deed, Person, Site
from activities.rules.earn_plan import assess
from activities.rules.earn_terms import Conditions, Rule, Terms
from tests.bench.run import Run

_START = datetime(2026, 1, 1, tzinfo=UTC)
# Rows of one transaction of an import: as many are judged at once in earnest.
_SLICE = 5_000
_CONDITIONS = (
    {},
    {"weekdays": (5, 6, 7)},
    {"categories": ("food/*",)},
    {"tiers": ("GOLD", "PLATINUM")},
    {"minimum_spend": Decimal(300)},
    {"hours": (clock_time(18), clock_time(22))},
    {"outlets": ("S1",)},
    {"dates": (date(2026, 5, 1),)},
    {"segments": ("owner",)},
    {"kinds": ("stay",)},
)


def measure(run: Run) -> None:
    """Activities are made in slices, off the clock, so that a million of them need not lie in memory."""
    rows, members = run.scale.rows * 33, 100_000
    book, chance = Book(_SITE, _rules()), Random(7)
    people = [
        Person(
            "active",
            chance.choice(("SILVER", "GOLD", "PLATINUM")),
            frozenset({"owner"}) if chance.random() < 0.2 else frozenset(),
        )
        for _member in range(members)
    ]
    seconds, telling, points, done = 0.0, 0.0, 0, 0
    while done < rows:
        deeds = [_deed(chance, people) for _row in range(min(_SLICE, rows - done))]
        began = time.process_time()
        outcomes = [assess(book, deed) for deed in deeds]
        seconds += time.process_time() - began
        began = time.process_time()
        told = [(outcome.parcels, outcome.trace) for outcome in outcomes]
        telling += time.process_time() - began
        points += sum(parcel.points for parcels, _trace in told for parcel in parcels)
        done += len(deeds)
    assert points > rows, "the rules gave points"
    run.record(
        "rules",
        evaluations_per_s=rows / seconds,
        told_per_s=rows / (seconds + telling),
        rules=len(book.rules),
        plans=len(book.plans),
    )


_SITE = Site("MALL", "mall", "Asia/Shanghai", ((1, "S1", "PLAZA", "Asia/Shanghai"),))


def _rules() -> list[Rule]:
    bases = [
        Rule(
            rule_id=number,
            code=f"BASE{number}",
            version=1,
            program_id=1 + number % 2,
            program=("GROUP", "MALL")[number % 2],
            program_is_active=True,
            effect="base",
            unit=None,
            starts_at=None,
            ends_at=None,
            rate=Decimal(number + 1) / 10,
            terms=Terms(conditions=Conditions(**_CONDITIONS[number % len(_CONDITIONS)])),
        )
        for number in range(16)
    ]
    multipliers = [
        Rule(
            rule_id=100 + number,
            code=f"TIMES{number}",
            version=1,
            program_id=1 + number % 2,
            program=("GROUP", "MALL")[number % 2],
            program_is_active=True,
            effect="multiplier",
            unit=None,
            starts_at=None,
            ends_at=None,
            factor=Decimal(3 + number) / 2,
            terms=Terms(conditions=Conditions(tiers=(("GOLD",), ("PLATINUM",))[number % 2])),
        )
        for number in range(4)
    ]
    return [*bases, *multipliers]


def _deed(chance: Random, people: list[Person]) -> Deed:
    return Deed(
        kind="purchase",
        occurred_at=_START + timedelta(seconds=chance.randrange(15_000_000)),
        cents=chance.randrange(100, 100_000),
        outlet_id=1 if chance.random() < 0.5 else None,
        category=chance.choice(("food/tea", "food/noodles", "shoes", "books")),
        person=people[chance.randrange(len(people))],
    )
