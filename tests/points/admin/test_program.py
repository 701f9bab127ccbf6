"""Programs on the screen: each policy can be chosen, says what it means, and leaves existing lots alone."""

from datetime import timedelta

import pytest
from django.urls import reverse

from points.admin.program import expiry_in_words
from points.models import Lot, Program
from points.services.accrual import Grant, accrue_many
from tests.factories import NOW, give, make_member, make_program, make_unit
from tests.operators import make_operator

pytestmark = pytest.mark.django_db
ADD = reverse("admin:points_program_add")


@pytest.fixture
def screen(client):
    client.force_login(make_operator())
    client.cookies["django_language"] = "en"
    return client


def said(**fields):
    return {
        "code": "NEW",
        "name_zh": "积分",
        "name_en": "Points",
        "owner": "",
        "is_active": "on",
        "expiry_kind": "rolling",
        "expiry_count": 365,
        "time_zone": "Asia/Shanghai",
        "unit_cost": "0.01",
        "currency": "CNY",
        "reversal_policy": "debt",
        "grace_days": 30,
    } | fields


def save(screen, program, **fields):
    kept = {"code": program.code, "owner": program.owner_id or "", "time_zone": program.time_zone}
    answer = screen.post(reverse("admin:points_program_change", args=[program.pk]), said(**kept, **fields))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    program.refresh_from_db()


def test_a_rolling_program_is_made_on_the_screen_and_says_what_it_means(screen):
    form = screen.get(ADD).content.decode()

    screen.post(ADD, said())

    assert "each of them gives all of the member" in form
    assert (Program.objects.get().expiry_kind, Program.objects.get().expiry_count) == ("rolling", 365)
    assert expiry_in_words("rolling", 365) == "365 days after the member last earned or redeemed"
    listed = screen.get(reverse("admin:points_program_changelist")).content.decode()
    assert "365 days after the member last earned or redeemed" in listed


@pytest.mark.parametrize(
    ("kind", "count", "words"),
    [
        ("rolling", 0, "Points live for at least one day."),
        ("days", 0, "Points live for at least one day."),
        ("month_end", 3661, "At most 3660."),
    ],
)
def test_a_number_that_the_policy_cannot_mean_is_told_beside_it(screen, kind, count, words):
    answer = screen.post(ADD, said(expiry_kind=kind, expiry_count=count))

    assert answer.context["adminform"].form.errors == {"expiry_count": [words]}
    assert not Program.objects.exists()


def test_a_change_of_policy_leaves_every_lot_its_last_day(screen):
    owner, member = make_unit(), make_member()
    program = make_program(owner=owner, expiry_kind="days", expiry_count=10)
    lives = dict.fromkeys(("fixed", "rolling", "fixed again"))

    def lot(source_ref):
        return Lot.objects.get(posting__source_ref=source_ref).expires_at

    give(member, program, 10, source_ref="fixed", occurred_at=NOW)
    lives["fixed"] = lot("fixed")
    save(screen, program, expiry_kind="rolling", expiry_count=300)
    give(member, program, 10, source_ref="rolling", occurred_at=NOW)
    lives["rolling"] = lot("rolling")
    save(screen, program, expiry_kind="year_end", expiry_count=0)
    give(member, program, 10, source_ref="fixed again", occurred_at=NOW)
    lives["fixed again"] = lot("fixed again")
    save(screen, program, expiry_kind="days", expiry_count=1)
    later = NOW + timedelta(days=2)
    accrue_many(program=program, unit=owner, grants=[Grant(member.pk, 5, "last", later)], by="test")
    save(screen, program, expiry_kind="rolling", expiry_count=1)
    give(member, program, 10, source_ref="short", occurred_at=later)

    assert lives["fixed"] < lives["fixed again"] < lives["rolling"]
    assert {name: lot(name) for name in lives} == lives
