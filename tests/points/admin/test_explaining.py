"""The operators' pages that explain: they open, sum up, lead on, and ask a constant number of times."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.models import Activity
from common import clock
from points.models import Hold, Lot, Posting, Wallet
from points.services.accrual import accrue_points
from points.services.exchange import exchange_points
from points.services.holds import capture_hold
from tests.operators import make_operator, tell_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(client):
    told = tell_story(members=2)
    client.force_login(make_operator())
    client.cookies["django_language"] = "en"
    return told


def address(row):
    return reverse(f"admin:points_{row._meta.model_name}_explain", args=[row.pk])


def panels(client, row):
    answer = client.get(address(row))
    assert answer.status_code == 200
    return {panel.title: panel.rows for panel in answer.context["told"].panels}


def html(client, row):
    return client.get(address(row)).content.decode()


def number(told):
    return int(told.replace("−", "-").replace(",", "").replace("+", ""))


def test_every_wallet_lot_and_posting_can_be_explained(client, story):
    for model in (Wallet, Lot, Posting):
        for row in model.objects.all():
            assert client.get(address(row)).status_code == 200


def test_a_change_page_leads_to_its_explanation(client, story):
    for row in (Wallet.objects.first(), Lot.objects.first(), story.redemption):
        page = reverse(f"admin:points_{row._meta.model_name}_change", args=[row.pk])

        assert address(row) in client.get(page).content.decode()


def test_the_sums_of_a_wallet_end_in_its_balance(client, story):
    wallet = Wallet.objects.get(member=story.member, program=story.hotel_points)

    told = panels(client, wallet)

    for title in (
        "What can be done with the points",
        "Lots, and what was drawn from them",
        "Who gave what is left",
        "Everything that ever happened",
    ):
        *lines, total = told[title]
        assert sum(number(points) for _words, points in lines) == number(total[1]) == 300, title
    assert "300 = 1 lot (500) − 1 redemption (200)" in html(client, wallet)


def test_a_wallets_lots_lead_to_their_own_explanations(client, story):
    lot = Lot.objects.get(member=story.member, program=story.hotel_points)
    wallet = Wallet.objects.get(pk=lot.wallet_id)

    page = html(client, wallet)

    assert address(lot) in page
    assert address(lot.posting) in page


def test_a_lot_shows_who_owes_whom_for_what_it_paid(client, story):
    lot = Lot.objects.get(member=story.member, program=story.hotel_points)

    (row,) = panels(client, lot)["What became of it"]

    assert (row[3], row[4], row[5]) == ("−200", "300", "HOTEL owes MALL 2 CNY for it")
    assert address(story.redemption) in html(client, lot)


def test_a_posting_leads_to_the_activity_that_earned_it(client, story):
    activity = Activity.objects.filter(member=story.member, unit=story.mall).first()
    posting = accrue_points(
        member=story.member,
        program=story.mall_points,
        unit=story.mall,
        points=1,
        source_ref=f"activity:{story.mall_points.code}:{activity.source_ref}",
        occurred_at=clock.now(),
        by="test",
    )

    assert reverse("admin:activities_activity_change", args=[activity.pk]) in html(client, posting)


def test_a_capture_leads_to_its_hold(client, story):
    hold = Hold.objects.get(source_ref="H-1")
    payment = capture_hold(hold_id=hold.pk, units=[story.hotel], points=20, by="test", at=clock.now()).posting

    page = html(client, payment)

    assert reverse("admin:points_hold_change", args=[hold.pk]) in page
    assert "50 held on" in page
    assert "20 captured" in page


def test_an_exchange_leads_to_its_rate_and_its_lots_back_to_the_earning(client, story):
    swap = exchange_points(
        member=story.member,
        source=story.hotel_points,
        target=story.mall_points,
        points=100,
        source_ref="x",
        by="test",
        at=clock.now(),
    ).posting
    lot = Lot.objects.get(posting=swap)

    assert reverse("admin:points_exchangerate_change", args=[story.rate.pk]) in html(client, swap)
    assert [row[2] for row in panels(client, swap)["Rates it used"]] == ["100 HOTELPT × 2 → 200 MALLPT"]
    (row,) = panels(client, lot)["Where its points come from"]
    assert story.member.number in row[3]


def test_what_the_units_owe_is_told(client, story):
    (row,) = panels(client, story.redemption)["What the units owe each other for it"]

    assert row[2:] == ("200", "2 CNY", "HOTEL owes MALL 2 CNY for 200 points")


def test_one_who_may_not_look_at_the_ledger_may_not_ask_why(client, story):
    client.force_login(make_operator(superuser=False, name="CLERK"))

    assert client.get(address(story.redemption)).status_code == 403


def test_what_is_not_there_is_not_found(client, story):
    assert client.get(reverse("admin:points_wallet_explain", args=[10**12])).status_code == 404


def test_many_lots_cost_no_more_queries(client, story):
    wallet = Wallet.objects.get(member=story.member, program=story.hotel_points)
    client.get(address(wallet))
    counts = []
    for times in (1, 30):
        with CaptureQueriesContext(connection) as asked:
            client.get(address(wallet))
        counts.append(len(asked))
        for place in range(times):
            accrue_points(
                member=story.member,
                program=story.hotel_points,
                unit=story.hotel,
                points=1,
                source_ref=f"more-{times}-{place}",
                occurred_at=clock.now(),
                by="test",
            )

    assert counts[0] == counts[1]
