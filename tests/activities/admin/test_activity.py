"""Activities on the operators' screens: found, explained, refunded, claimed for a member."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from activities.models import Activity, ActivityLine, WaitingRefund
from tests.activities.reporting import make_member, make_shop, record, refunded, sold
from tests.factories import NOW, balance, make_earn_rule
from tests.operators import grant, make_operator

pytestmark = pytest.mark.django_db
LIST = reverse("admin:activities_activity_changelist")
VIEW = ("view_activity", "view_waitingrefund", "view_posting")


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def mall():
    return make_shop("MALL")


@pytest.fixture
def desk(client):
    client.cookies["django_language"] = "en"
    person = grant(
        make_operator(superuser=False, name="DESK"), *VIEW, "can_refund_activity", "can_claim_activity"
    )
    client.force_login(person)
    return person


@pytest.fixture
def member():
    return make_member()


@pytest.fixture
def sale(mall, member):
    record(mall, sold("S1", "100.00", member=member, parts=["60.00", "40.00"]))
    return Activity.objects.get()


def at(row, act="change", model="activity"):
    return reverse(f"admin:activities_{model}_{act}", args=[row.pk])


def send(client, address, **said):
    page = client.get(address)
    hidden = (
        {"refund_id": page.context["form"]["refund_id"].value()}
        if "refund_id" in page.context["form"].fields
        else {}
    )
    return client.post(address, {**hidden, **said}, follow=True)


def told_in(answer):
    return [str(message) for message in answer.context["messages"]]


def test_a_page_tells_lines_refunds_and_points(client, desk, mall, sale):
    record(mall, refunded("F1", lines={1: "30.00"}, reason="too big"))

    page = client.get(at(sale)).content.decode()

    for told in ("60.00", "F1", "too big", "+100", "-30"):
        assert told in page, told


def test_a_page_tells_every_rule_that_was_looked_at(client, desk, mall, member):
    program = mall.earn_rules.get().program
    terms = {"conditions": {"kinds": ["stay"]}, "caps": {"per_day": 5}}
    make_earn_rule(mall, program, "2", code="STAYS", terms=terms)
    record(mall, sold("LATE", "4.00", member=member, kind="stay", at=NOW + timedelta(hours=1)))
    record(mall, sold("EARLY", "1.00", member=member, kind="stay"), sold("BUY", "1.00", member=member))

    pages = {one.source_ref: client.get(at(one)) for one in Activity.objects.all()}

    told = {ref: [panel.title for panel in page.context["panels"]] for ref, page in pages.items()}
    assert told["BUY"] == ["Points", "Each rule that was looked at"]
    assert "For other kinds of activities" in pages["BUY"].content.decode()
    assert [title.split(" until ")[0] for title in told["LATE"]] == [*told["BUY"], "What stood"]
    assert [panel.rows[1][4] for panel in pages["LATE"].context["panels"][1:]] == ["+3", "+5"]


@pytest.mark.parametrize(
    ("said", "left", "lines"),
    [
        ({"what": "whole"}, 0, [0, 0]),
        ({"what": "amount", "amount": "25.00"}, 75, [0, 0]),
        ({"what": "lines", "line_1": "10.00", "line_2": "40.00"}, 50, [10, 40]),
    ],
)
def test_an_operator_refunds_all_an_amount_or_lines(client, desk, mall, member, sale, said, left, lines):
    answer = send(client, at(sale, "refund"), reason="brought back\nunopened", **said)

    points = 100 - left
    assert told_in(answer) == [f"Refunded: {points} points taken back."]
    refund = Activity.objects.get(kind="refund")
    assert (refund.reason, refund.reported_by) == ("brought back unopened", f"user:{desk.pk}")
    assert balance(member, mall.earn_rules.get().program) == left
    assert [line.refunded for line in ActivityLine.objects.filter(activity=sale).order_by("number")] == lines


def test_a_form_sent_twice_is_one_refund(client, desk, sale):
    page = client.get(at(sale, "refund"))
    said = {
        "refund_id": page.context["form"]["refund_id"].value(),
        "what": "amount",
        "amount": "10.00",
        "reason": "x",
    }

    for _time in range(2):
        client.post(at(sale, "refund"), said)

    assert Activity.objects.filter(kind="refund").count() == 1


@pytest.mark.parametrize(
    "said",
    [
        {"what": "whole"},
        {"what": "amount", "reason": "x"},
        {"what": "amount", "amount": "100.01", "reason": "x"},
        {"what": "lines", "reason": "x"},
        {"what": "lines", "line_1": "60.01", "reason": "x"},
    ],
)
def test_what_does_not_fit_is_told_above_the_form(client, desk, sale, said):
    answer = send(client, at(sale, "refund"), **said)

    assert answer.context["form"].errors
    assert not Activity.objects.filter(kind="refund").exists()


def test_an_operator_claims_an_anonymous_sale_for_a_member_once(client, desk, mall, member):
    record(mall, sold("S1", "100.00"))
    sale = Activity.objects.get()

    answer = send(client, at(sale, "claim"), member=member.number, reason="showed the receipt")

    assert told_in(answer) == ["Claimed: 100 points."]
    assert balance(member, mall.earn_rules.get().program) == 100
    assert client.get(at(sale, "claim")).status_code == 403


def test_acts_need_their_rights_and_a_sale_they_fit(client, desk, mall, sale):
    record(mall, refunded("F1"))
    refund = Activity.objects.get(kind="refund")

    # All of it is given back, and it is somebody's; a refund can be neither.
    for row in (sale, refund):
        assert client.get(at(row, "refund")).status_code == 403
        assert client.get(at(row, "claim")).status_code == 403
    record(mall, sold("S2"))
    other = Activity.objects.get(source_ref="S2")
    client.force_login(grant(make_operator(superuser=False, name="LOOKER"), *VIEW))
    assert client.get(at(other, "refund")).status_code == 403
    assert client.get(at(other, "claim")).status_code == 403
    assert f"{other.pk}/refund/" not in client.get(at(other)).content.decode()


def test_the_list_is_searched_and_filtered_without_counting_the_table(
    client, desk, mall, sale, django_assert_max_num_queries
):
    for number in range(30):
        record(mall, sold(f"A{number}"))

    with django_assert_max_num_queries(14):
        page = client.get(LIST)
    assert page.context["cl"].result_count == 31
    for query, count in (
        ({"q": "S1"}, 1),
        ({"q": sale.member.number}, 1),
        ({"whose": "anonymous"}, 30),
        ({"whose": "member"}, 1),
        ({"whose": "claimed"}, 0),
    ):
        assert client.get(LIST, query).context["cl"].result_count == count, query


def test_what_waits_is_seen_first_and_dismissed_with_a_reason(client, desk, mall):
    record(mall, refunded("F1", "10.00", of="NONE"))
    row = WaitingRefund.objects.get()

    page = client.get(reverse("admin:activities_waitingrefund_changelist")).content.decode()
    answer = send(client, at(row, "dismiss", "waitingrefund"), reason="mistyped")

    assert re.search(r"F1", page)
    assert told_in(answer) == ["Dismissed: it waits no longer."]
    row.refresh_from_db()
    assert (row.state, row.refusal, row.decided_by) == ("dismissed", "mistyped", f"user:{desk.pk}")
    assert client.get(at(row, "dismiss", "waitingrefund")).status_code == 403
