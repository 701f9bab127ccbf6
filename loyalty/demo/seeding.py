"""`manage.py seed`: a group of any size from one number. Every person and every activity in it is generated.

Member i of seed N is the same in every database: name, phone, cards, what they did and when, counted back
from the seed's first day. Growing the number of members adds; running it again changes nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from random import Random

from django.db import transaction

from activities.rules.reading import ActivityReport, Place
from activities.selectors.places import place_of
from activities.services.recording import record_activities
from common.errors import DomainError
from common.idempotency import JobAlreadyClaimed, run_job_once
from common.models import JobRun
from common.sql import retrying
from loyalty.demo.generated import ZONE
from loyalty.demo.group import GROUP, HOMES, HOTEL, MALL, OFFICE, found_group
from loyalty.demo.people import person
from members.rules.candidate import Candidate
from members.rules.normalise import normal_phone
from members.services.enrolling import Desk, enrol_candidates
from units.models import BusinessUnit

JOB = "seed"
BY = "seed"
MEMBERS_MAX = 1_000_000
SHOPS = tuple(f"SHOP-{number:02d}" for number in range(1, 21))
_BLOCK = 1_000
_DAYS = 365
_SERIES = 1  # the demo's own people are series 0
_ALWAYS = timedelta(days=-36_500)


class OtherSeed(Exception):
    """The database was seeded with another number, whose people have the same phones."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """What a run added."""

    enrolments: int
    activities: int
    points: int


@dataclass(frozen=True, slots=True)
class _Life:
    """One member: a candidate for each unit that knows them, and what they did there."""

    candidates: Mapping[str, Candidate]
    deeds: Mapping[str, Sequence[tuple[datetime, str, str, Decimal, str]]]


def seed_group(
    *, seed: int, members: int, at: datetime, show: Callable[[int], None] = lambda _done: None
) -> Seeded:
    """Fill the database with members 1 to `members` of `seed` and their last twelve months.

    :raises OtherSeed: another seed was here before
    """
    assert 0 < members <= MEMBERS_MAX, "the command checks its arguments"
    until = _first_day(seed, at)
    units = found_group(stores=SHOPS)
    added = {"enrolments": 0, "activities": 0, "points": 0}
    for start in range(1, members + 1, _BLOCK):
        numbers = range(start, min(start + _BLOCK, members + 1))
        for word, count in _chapter(seed, numbers, units, until=until, at=at).items():
            added[word] += count
        show(numbers[-1])
    return Seeded(added["enrolments"], added["activities"], added["points"])


def _first_day(seed: int, at: datetime) -> datetime:
    """The midnight from which the seed's dates count back: that of the day of its first run."""
    others = JobRun.objects.filter(job=JOB, period__startswith="until ").exclude(period=f"until {seed}")
    if others.exists():
        raise OtherSeed(others.get().period.removeprefix("until "))
    midnight = datetime.combine(at.astimezone(ZONE).date(), time.min, ZONE).astimezone(UTC)
    run, _ = JobRun.objects.get_or_create(
        job=JOB,
        period=f"until {seed}",
        defaults={"started_at": at, "finished_at": at, "outcome": {"until": midnight.isoformat()}},
    )
    assert run.outcome is not None, "it is written with its outcome"
    return datetime.fromisoformat(run.outcome["until"])


def _chapter(
    seed: int, numbers: range, units: Mapping[str, BusinessUnit], *, until: datetime, at: datetime
) -> Mapping[str, int]:
    """A block of members, unless it is there already. A block that was cut off is told again."""

    def work() -> dict[str, int]:
        lives = [_life(seed, number, until) for number in numbers]
        return retrying(lambda: _record(lives, units, at))

    try:
        run = run_job_once(
            job=JOB, period=f"{seed}: {numbers[0]}-{numbers[-1]}", at=at, work=work, stale_after=_ALWAYS
        )
    except JobAlreadyClaimed:
        return {}
    outcome: dict[str, int] = run.outcome or {}
    return outcome


@transaction.atomic
def _record(lives: Sequence[_Life], units: Mapping[str, BusinessUnit], at: datetime) -> dict[str, int]:
    added = {"enrolments": 0, "activities": 0, "points": 0}
    for code, unit in units.items():
        there = [life for life in lives if code in life.candidates]
        endings = enrol_candidates(
            unit=unit,
            candidates=[life.candidates[code] for life in there],
            desk=Desk(channel="seed", by=BY, at=at, is_generated=True),
        )
        for ending in endings:
            # Our own people fit; a refusal means that somebody else has the phone or the card.
            if isinstance(ending, DomainError):
                raise ending
            added["enrolments"] += ending.ending != "already_there"
        reports = list(_reports(code, there, place_of(unit, at=at)))
        for recorded in record_activities(unit=unit, reports=reports, by=BY, at=at, is_generated=True):
            if recorded.refusal is not None:
                raise recorded.refusal
            added["activities"] += recorded.is_new
            added["points"] += sum(earned.points for earned in recorded.earned) if recorded.is_new else 0
    return added


def _reports(code: str, lives: Sequence[_Life], place: Place) -> Iterator[ActivityReport]:
    for life in lives:
        card = life.candidates[code].legacy_card
        for number, (when, kind, outlet, amount, category) in enumerate(life.deeds[code]):
            yield ActivityReport(
                source_ref=f"SEED-{card}-{number}",
                kind=kind,
                member_ref=card,
                outlet_id=place.outlets[outlet],
                occurred_at=when,
                amount=amount,
                currency=place.currency,
                category=category,
            )


def _life(seed: int, number: int, until: datetime) -> _Life:
    """Member `number` of the seed: 1 to 4 units, since when, and what happened there."""
    random = Random(f"{seed}:{number}")  # noqa: S311 -- made-up people, not secrets
    who = person(number, series=_SERIES, random=random)
    known_by = random.sample(GROUP, random.choices((1, 2, 3, 4), (50, 30, 15, 5))[0])
    codes = [unit.code for unit in GROUP if unit in known_by]
    candidates = {
        code: Candidate(
            joined_at=until - timedelta(days=_DAYS + random.randrange(1_000)),
            legacy_card=f"S{number:07d}",
            phone=normal_phone(who.phone),
            name=who.name,
            birth_date=who.birth_date,
            gender=who.gender,
        )
        for code in codes
    }
    return _Life(candidates, {code: sorted(_deeds(code, random, until)) for code in codes})


def _deeds(code: str, random: Random, until: datetime) -> Iterator[tuple[datetime, str, str, Decimal, str]]:
    """(when, kind, outlet, amount, category) of what the member did at a unit in the last twelve months."""
    desk = random.choice({unit.code: unit for unit in GROUP}[code].places).desk
    size = Decimal(random.randrange(60, 161))

    def when() -> datetime:
        return until - timedelta(minutes=random.randrange(1, _DAYS * 24 * 60))

    if code == MALL.code:
        for _ in range(random.randrange(2, 13)):
            amount = Decimal(random.randrange(800, 80_000)).scaleb(-2)
            yield when(), "purchase", random.choice(SHOPS), amount, "retail"
    elif code == HOTEL.code:
        for _ in range(random.randrange(1, 5)):
            yield when(), "stay", desk, Decimal(random.choice((388, 528, 688, 888, 1288))), "room"
    elif code == HOMES.code:
        for _ in range(4):
            yield when(), "fee", desk, size * Decimal("9.60"), "property fee"
    elif code == OFFICE.code:
        for _ in range(4):
            yield when(), "rent", desk, size * Decimal(360), "office rent"
