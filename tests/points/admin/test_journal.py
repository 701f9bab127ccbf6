"""The ledger's screens change nothing, not even for a superuser, and say what a posting is made of."""

import pytest
from django.contrib import admin
from django.urls import reverse

from common import clock
from common.admin import CappedPaginator
from points.models import Draw, Entry, Hold, Lot, Posting, Wallet
from points.services.exchange import exchange_points
from tests.operators import make_operator, tell_story

pytestmark = pytest.mark.django_db
LEDGER = (Posting, Entry, Lot, Draw, Hold, Wallet)


@pytest.fixture
def story(client):
    told = tell_story(members=3)
    client.force_login(make_operator())
    return told


def page(model, act, *args):
    return reverse(f"admin:points_{model._meta.model_name}_{act}", args=args)


@pytest.mark.parametrize("model", LEDGER)
def test_a_superuser_can_neither_add_nor_change_nor_delete(client, story, model):
    row = model.objects.order_by("pk").first()

    assert client.get(page(model, "add")).status_code == 403
    assert client.post(page(model, "change", row.pk), {"points": 1}).status_code == 403
    assert client.get(page(model, "delete", row.pk)).status_code == 403
    assert not admin.site._registry[model].get_actions(client.get(page(model, "changelist")).wsgi_request)


@pytest.mark.parametrize("model", LEDGER)
def test_a_page_offers_no_button_to_save_or_delete(client, story, model):
    row = model.objects.order_by("pk").first()

    html = client.get(page(model, "change", row.pk)).content.decode()

    assert 'name="_save"' not in html
    assert "/delete/" not in html


def test_a_redemption_shows_its_entries_and_the_lots_it_drew_on(client, story):
    entries, _lots, draws = client.get(page(Posting, "change", story.redemption.pk)).context["panels"]

    assert [row[1] for row in entries.rows] == ["-200", "-600"]
    assert sorted(row[2] for row in draws.rows) == ["200", "600"]


@pytest.fixture
def exchange(story):
    """100 hotel points that became 200 mall points."""
    return exchange_points(
        member=story.member,
        source=story.hotel_points,
        target=story.mall_points,
        points=100,
        source_ref=f"exchange:{story.member.pk}:k",
        by="test",
        at=clock.now(),
    ).posting


def test_an_exchange_shows_both_wallets_and_the_lots_on_either_side(client, exchange):
    entries, lots, draws = client.get(page(Posting, "change", exchange.pk)).context["panels"]

    assert [row[1] for row in entries.rows] == ["-100", "+200"]
    assert [(row[2], row[4].code) for row in lots.rows] == [("200", "HOTEL")]
    assert [row[2] for row in draws.rows] == ["100"]


def test_the_members_page_shows_what_an_exchange_moved(client, story, exchange):
    client.cookies["django_language"] = "en"
    answer = client.get(reverse("admin:members_member_change", args=[story.member.pk]))

    panels = {str(panel.title): panel.rows for panel in answer.context["panels"]}
    (_when, link, _unit, moved, _by) = panels["Statement"][0]
    assert moved == "-100 HOTELPT, +200 MALLPT"
    # A member's reference is ids: the list says what happened instead.
    assert "Points exchange<" in link
    assert str(story.member.pk) not in link


def test_a_lot_shows_what_became_of_it(client, story):
    lot = Lot.objects.get(program=story.hotel_points, member=story.member)

    (panel,) = client.get(page(Lot, "change", lot.pk)).context["panels"]

    assert [row[3] for row in panel.rows] == ["-200"]
    assert lot.remaining == 300


def test_a_posting_is_found_by_whole_reference_and_by_member_number(client, story):
    def found(term):
        rows = client.get(page(Posting, "changelist"), {"q": term}).context["cl"].result_list
        return {row.source_ref for row in rows}

    assert found("R-1") == {"R-1"}
    assert "R-1" in found(story.member.number)
    assert found("R-") == set()


def test_a_long_list_is_counted_up_to_a_limit_only(client, story, monkeypatch):
    monkeypatch.setattr(CappedPaginator, "counted_max", 5)
    client.cookies["django_language"] = "en"

    answer = client.get(page(Posting, "changelist"))
    filtered = client.get(page(Posting, "changelist"), {"kind__exact": "accrual"})

    assert Posting.objects.count() > 5
    assert answer.context["cl"].result_count == 5
    assert "the first 5 can be paged" in answer.content.decode()
    assert "5 postings or more" in filtered.content.decode()
