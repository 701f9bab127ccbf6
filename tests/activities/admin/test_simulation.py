"""The operators' page that tries an activity: its answer is the posting's, and nothing is stored."""

from datetime import timedelta

import pytest
from django.urls import reverse

from activities.models import Activity
from points.models import Posting
from tests.activities.reporting import make_shop, record, sold
from tests.activities.tiering import make_ladder, make_scheme
from tests.factories import NOW, make_earn_rule, make_outlet
from tests.members.factories import numbered_member
from tests.operators import grant, make_operator

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:activities_simulation")


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = (NOW + timedelta(hours=2)).isoformat()


@pytest.fixture
def mall():
    mall = make_shop("MALL", "1.5")
    program = mall.earn_rules.get().program
    gold = {"conditions": {"tiers": ["GOLD"]}}
    make_earn_rule(mall, program, "0", code="GOLD", effect="multiplier", factor="2", terms=gold)
    make_earn_rule(mall, program, "0", code="DAY", effect="cap", terms={"caps": {"per_day": 40}})
    return mall


@pytest.fixture
def desk(client):
    client.cookies["django_language"] = "en"
    client.force_login(grant(make_operator(superuser=False, name="DESK"), "view_activity"))
    return client


def tried(client, unit, **said):
    sent = {
        "unit": unit.pk,
        "kind": "purchase",
        "occurred_at_0": NOW.date().isoformat(),
        "occurred_at_1": "12:00",
        "amount": "10.50",
        "lines": "",
    }
    return client.post(PAGE, sent | said)


def lots(page):
    return [[str(cell) for cell in row[:2]] for row in page.context["panels"][0].rows]


def why(page):
    return {str(row[1]).split(">")[1].split(" v")[0]: str(row[3]) for row in page.context["panels"][1].rows}


def test_somebody_of_a_tier_without_a_past_is_tried(desk, mall):
    make_ladder()
    plain, gold = tried(desk, mall), tried(desk, mall, tier=2)
    gold = tried(desk, mall, tier=gold.context["form"].fields["tier"].queryset.get(code="GOLD").pk)

    assert (lots(plain), lots(gold)) == ([["MALL", "15"]], [["MALL", "31"]])
    assert why(plain)["GOLD"] == "For other tiers"
    assert why(gold)["GOLD"] == "Multiplies what the rates give"
    assert "It would earn: 31 in MALL." in gold.content.decode()
    assert not Activity.objects.exists()
    assert not Posting.objects.exists()


def test_a_members_own_caps_are_looked_at(desk, mall):
    ann = numbered_member(name="Ann")
    record(mall, sold("S1", "20.00", member=ann, at=NOW - timedelta(hours=2)))

    page = tried(desk, mall, number=ann.number)

    assert lots(page) == [["MALL", "10"]]
    assert why(page)["DAY"] == "Cuts the sum to its cap"


def test_lines_add_up_and_tell_their_categories(desk, mall):
    program = mall.earn_rules.first().program
    tea = {"conditions": {"categories": ["food/tea"]}}
    make_earn_rule(mall, program, "0", code="NO-TEA", effect="exclusion", terms=tea)

    page = tried(desk, mall, amount="", lines="10.00; shoes\n5.00；food/tea；T1\n\n")

    assert lots(page) == [["MALL", "15"]]


def test_tier_credits_are_told_with_what_they_move(desk, mall):
    make_ladder()
    make_scheme(asked=(None, 100, 300, None))
    ann = numbered_member(name="Ann")

    page = tried(desk, mall, amount="60.00", paid_with_points="10.00", number=ann.number)

    panel = page.context["panels"][2]
    assert [str(cell) for cell in panel.rows[0]][2:] == ["1", "50"]
    assert panel.note == "50 more would then be missing for Gold."


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"number": "404"}, "There is no member with this number."),
        ({"outlet": "NONE"}, "The unit has no outlet of this code."),
        ({"amount": ""}, "Give an amount, or lines."),
        ({"lines": "ten; tea"}, "Line 1 is not such as 30.00; food/tea; TEA-01."),
        ({"lines": "1.00\nInfinity"}, "Line 2 is not such as 30.00; food/tea; TEA-01."),
        ({"lines": "1; a; b; c"}, "Line 1 is not such as 30.00; food/tea; TEA-01."),
        ({"occurred_at_0": "2036-06-01"}, "It lies more than a day ahead."),
        ({"lines": "1.00"}, "add up"),
    ],
)
def test_what_could_not_be_reported_is_told_on_the_page(desk, mall, wrong, words):
    page = tried(desk, mall, **wrong)

    assert words in page.content.decode().replace("&#x27;", "'")
    assert page.context["panels"] == []


def test_the_outlet_is_found_by_its_code(desk, mall):
    make_outlet(mall, "CAFE")

    assert lots(tried(desk, mall, outlet=" CAFE ")) == [["MALL", "15"]]


def test_only_who_may_look_at_activities_may_try_one(client, mall):
    client.force_login(make_operator(superuser=False, name="GUEST"))

    assert client.get(PAGE).status_code == 403
