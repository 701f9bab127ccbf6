"""A small group with one of everything, for the screens: an operator looks at it."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.contrib.auth.models import Group, Permission, User
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
from psycopg2.extras import DateTimeTZRange

from activities.models import Activity, CreditRule, DailyTotal, EarnRule, LevelTerms, TierScheme
from common import clock
from common.models import ImportRun, JobRun
from members.models import Enrolment, Identity, Member, Tier
from members.rules.number import new_member_number
from members.vault import blind_index
from points.models import AdjustmentCategory, AdjustmentRequest, ExchangeRate, Posting, Program, RateProposal
from points.services.accrual import accrue_points
from points.services.adjusting import Reason, request_adjustment
from points.services.expiry import expire_due_lots
from points.services.holds import hold_points
from points.services.rates import RateTerms, propose_rate
from points.services.redemption import redeem_points
from units.models import BusinessUnit, Outlet, Venue
from units.services.partner_keys import issue_partner_key

PASSWORD = "an-operator-of-the-group"
# What the group below calls things: data, not words of the screens.
DATA_ZH = (
    *("业态甲", "业态乙", "场所甲", "门店甲", "甲积分", "乙积分", "等级甲", "等级乙"),
    *("王小明", "王**", "王"),
)


@dataclass(frozen=True)
class Story:
    """The rows that tests look for."""

    mall: BusinessUnit
    hotel: BusinessUnit
    mall_points: Program
    hotel_points: Program
    rate: ExchangeRate
    rule: EarnRule
    member: Member
    redemption: Posting


def make_operator(*, superuser: bool = True, name: str = "OPERATOR1") -> User:
    if superuser:
        return User.objects.create_superuser(name, password=PASSWORD)
    return User.objects.create_user(name, password=PASSWORD, is_staff=True)


def grant(operator: User, *codenames: str) -> User:
    """`operator`, read anew, with the rights of these names."""
    operator.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=operator.pk)


def tell_story(*, members: int = 1) -> Story:
    """600 mall points and 500 hotel points, 1 hotel = 2 mall; 1,000 spent at the mall; a lot that expired."""
    at = clock.now()
    mall, hotel = _unit("MALL", "业态甲", "mall"), _unit("HOTEL", "业态乙", "hotel")
    venue = Venue.objects.create(unit=mall, code="VENUE1", name_zh="场所甲", name_en="VENUE1")
    Outlet.objects.create(unit=mall, venue=venue, code="S1", name="门店甲")
    mall_points, hotel_points = _program("MALLPT", "甲积分", mall), _program("HOTELPT", "乙积分", hotel)
    forever = DateTimeTZRange(at - timedelta(days=900), None)
    rate = ExchangeRate.objects.create(
        source=hotel_points, target=mall_points, numerator=2, denominator=1, during=forever
    )
    rule = EarnRule.objects.create(
        code="MALL-BASE", unit=mall, program=mall_points, points_per_currency_unit=Decimal(1), during=forever
    )
    people = [_member(number) for number in range(members)]
    for number, person in enumerate(people):
        _year_of(person, number, mall, hotel, mall_points, hotel_points)
    redemption = redeem_points(
        member=people[0], program=mall_points, unit=mall, price=1000, source_ref="R-1", by="user:1", at=at
    ).posting
    hold_points(
        member=people[0], program=hotel_points, unit=hotel, price=50, source_ref="H-1", by="user:1", at=at
    )
    expire_due_lots(at=at)
    DailyTotal.objects.create(unit=mall, date=at.date(), amount=Decimal(1000), currency="CNY", orders=9)
    issue_partner_key(name="TILLS", units=[mall], scopes=["points:quote"], by="user:1", at=at)
    _tiers(at)
    _operations(at)
    return Story(mall, hotel, mall_points, hotel_points, rate, rule, people[0], redemption)


def ask_a_second_person(story: Story, *, by: User) -> tuple[AdjustmentRequest, RateProposal]:
    """An adjustment and a rate that wait: `by` has no limit of their own."""
    at = clock.now()
    adjustment = request_adjustment(
        member=story.member,
        program=story.mall_points,
        unit=story.mall,
        points=100,
        reason=Reason(AdjustmentCategory.GOODWILL, "R-9"),
        by=by,
        at=at,
    )
    proposal = propose_rate(
        source=story.mall_points,
        target=story.hotel_points,
        terms=RateTerms(numerator=1, denominator=2, starts_at=None, ends_at=None, cap_per_member_day=500),
        is_successor=False,
        by=by,
        at=at,
    )
    return adjustment, proposal


def _unit(code, name, sector):
    return BusinessUnit.objects.create(code=code, name_zh=name, name_en=code, sector=sector)


def _program(code, name, owner):
    return Program.objects.create(
        code=code, name_zh=name, name_en=code, owner=owner, expiry_kind="days", expiry_count=365
    )


def _member(number):
    joined = clock.now() - timedelta(days=500)
    member = Member.objects.create(
        number=new_member_number(), name="王小明", joined_at=joined, is_generated=number % 2 == 0
    )
    phone = f"+86138{number:08d}"
    Identity.objects.create(
        member=member,
        kind="phone",
        value=phone,
        blind_index=blind_index("phone", phone),
        proof="IMPORT",
        proven_at=joined,
    )
    return member


def _year_of(member, number, mall, hotel, mall_points, hotel_points):
    at = clock.now()
    Enrolment.objects.create(
        member=member,
        unit=mall,
        legacy_card=f"C{number}",
        channel="IMPORT",
        joined_at=member.joined_at,
        created_at=at,
        enrolled_by="TEST",
    )
    for points, program, unit, days in (
        (600, mall_points, mall, 40),
        (500, hotel_points, hotel, 30),
        (70, mall_points, mall, 400),
    ):
        source_ref, occurred_at = f"T-{number}-{days}", at - timedelta(days=days - 20)
        Activity.objects.create(
            unit=unit,
            source_ref=source_ref,
            kind="purchase" if unit is mall else "stay",
            member=member,
            occurred_at=occurred_at,
            amount=Decimal(points),
            currency="CNY",
            is_generated=unit is hotel,
        )
        accrue_points(
            member=member,
            program=program,
            unit=unit,
            points=points,
            source_ref=source_ref,
            occurred_at=occurred_at,
            by="user:1",
            rule="1 v1",
        )


def _tiers(at):
    """Two levels and a draft by somebody: its lines show on the screens."""
    levels = [
        Tier.objects.create(code=code, level=level, name_zh=name, name_en=code)
        for level, (code, name) in enumerate((("TIER0", "等级甲"), ("TIER1", "等级乙")))
    ]
    maker = User.objects.create_user("TIERMAKER")
    scheme = TierScheme.objects.create(version=1, starts_on=at.date(), made_by=maker, made_at=at)
    LevelTerms.objects.create(scheme=scheme, tier=levels[1], credits=1000)
    CreditRule.objects.create(scheme=scheme, sector="mall", credits=1)


def _operations(at):
    Group.objects.create(name="FINANCE")
    JobRun.objects.create(
        job="audit_ledger",
        period="2026-11-23",
        started_at=at,
        finished_at=at,
        outcome={"clean": True, "postings": 4},
    )
    ImportRun.objects.create(
        kind="activities",
        unit_code="MALL",
        content_sha256="0" * 64,
        file_name="2026.csv",
        counts={"recorded": 9},
        rejected={"bad_date": 1},
        started_at=at,
        finished_at=at,
    )
    crontab = CrontabSchedule.objects.create(minute="5", hour="0-6", timezone="Asia/Shanghai")
    IntervalSchedule.objects.create(every=5, period=IntervalSchedule.MINUTES)
    PeriodicTask.objects.create(name="expire_points", task="points.tasks.expire_points", crontab=crontab)
