"""me/tier and the tier that a till sees."""

from datetime import date, timedelta

import pytest
from django.test import Client

from common import clock
from members.models import Residency
from tests.activities.tiering import make_ladder, make_scheme, record, sale
from tests.factories import make_unit
from tests.members.factories import numbered_member, token_of
from units.models import Venue

pytestmark = pytest.mark.django_db


def tier_page(member, language="en"):
    at = clock.now()
    return Client().get(
        "/api/v1/me/tier",
        headers={
            "authorization": f"Bearer {token_of(member, at=at)}",
            "accept-language": language,
        },
    )


def days_ago(days):
    return (clock.now() - timedelta(days=days)).date().isoformat()


def test_without_a_ladder_there_is_no_tier():
    assert tier_page(numbered_member()).status_code == 404


def test_everybody_has_the_lowest_level_and_sees_the_ladder():
    make_ladder()
    make_scheme()

    told = tier_page(numbered_member()).json()

    assert told["tier"] == {"code": "SILVER", "level": 0, "name": "Silver"}
    assert told["next"]["missing"] == "1000.000"
    assert told["keep"] is told["projected"] is told["review_on"] is None
    assert [rung["credits"] for rung in told["ladder"]] == [None, "1000.000", "3000.000", "8000.000"]
    assert told["history"] == []


def test_progress_says_what_there_is_what_is_missing_and_what_keeps_it():
    make_ladder()
    make_scheme()
    mall, hotel, member = make_unit(), make_unit(sector="hotel"), numbered_member()
    at = clock.now()
    record(mall, sale(member, "1200.00", day=days_ago(40)), at=at)
    record(hotel, sale(member, "300.50", day=days_ago(10)), at=at)

    told = tier_page(member).json()

    assert told["tier"]["code"] == "GOLD"
    assert told["period"]["credits"] == "1500.500"
    assert told["period"]["by_sector"] == [
        {"sector": "mall", "credits": "1200.000"},
        {"sector": "hotel", "credits": "300.500"},
    ]
    assert (told["next"]["tier"]["code"], told["next"]["missing"]) == ("PLATINUM", "1499.500")
    assert (told["keep"]["asked"], told["keep"]["credits"], told["keep"]["missing"]) == (
        "1000.000",
        "300.500",
        "699.500",
    )
    assert told["projected"] == {
        "tier": {"code": "SILVER", "level": 0, "name": "Silver"},
        "on": told["review_on"],
    }
    (change,) = told["history"]
    assert change["words"] == "Gold was reached with 1,200 tier credits; it asks 1,000."
    assert told["reasons"][0]["cause"] == "credits"


def test_words_come_in_chinese():
    make_ladder()
    make_scheme()
    member = numbered_member()
    record(make_unit(), sale(member, "1200.00", day=days_ago(40)), at=clock.now())

    told = tier_page(member, "zh-hans").json()

    assert told["tier"]["name"] == "金卡"
    assert "金卡" in told["history"][0]["words"]
    assert "等级积分" in told["keep"]["words"]


def test_a_shortcut_is_named_with_its_place():
    _, gold, *_ = make_ladder()
    make_scheme(roles=[{"role": "owner", "at_least": gold}])
    member = numbered_member()
    venue = Venue.objects.create(
        unit=make_unit(sector="residential"), code="NORTH", name_zh="北苑", name_en="North"
    )
    Residency.objects.create(
        member=member,
        venue=venue,
        role="owner",
        starts_on=date(2020, 1, 1),
        source_ref="R1",
        recorded_by="test",
        recorded_at=clock.now(),
        changed_at=clock.now(),
    )

    told = tier_page(member).json()

    assert told["tier"]["code"] == "GOLD"
    assert told["reasons"] == [
        {
            "tier": {"code": "GOLD", "level": 1, "name": "Gold"},
            "cause": "shortcut",
            "through": None,
            "words": "Gold as Owner at NORTH.",
        }
    ]


def test_it_asks_the_database_as_often_for_many_credits_as_for_few(django_assert_max_num_queries):
    make_ladder()
    make_scheme()
    unit, member = make_unit(), numbered_member()
    record(unit, *(sale(member, "30.00", day=days_ago(day)) for day in range(1, 40)), at=clock.now())

    with django_assert_max_num_queries(24):
        assert tier_page(member).status_code == 200
