"""Finance's page: liability at the end of a day, by program and unit; and the seals beside it."""

from datetime import timedelta
from decimal import Decimal

import psycopg2
import pytest
from django.urls import reverse
from django.utils import timezone

from points.models import Seal
from points.selectors import as_of
from points.selectors.seals import database_now
from points.services.sealing import seal_until
from tests.factories import give, make_member, make_program, make_unit
from tests.operators import grant, make_operator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def books(client, settings, tmp_path):
    settings.LEDGER_SEAL_DIR = tmp_path
    unit = make_unit("MALL")
    give(make_member(), make_program("POINTS", owner=unit, unit_cost=Decimal("0.5")), 4321)
    client.force_login(make_operator())
    return client


def test_the_liability_now_is_what_remains_times_its_cost(books):
    page = books.get(reverse("admin:points_liability"), headers={"Accept-Language": "en"}).content.decode()

    assert "4,321" in page
    assert "2,160.50 CNY" in page
    assert "POINTS" in page


def test_before_the_day_there_was_none(books):
    yesterday = timezone.localdate(database_now()) - timedelta(days=1)

    page = books.get(reverse("admin:points_liability"), {"on": yesterday.isoformat()}).content.decode()

    assert "4,321" not in page


def test_the_first_day_of_the_calendar_is_a_day_like_others(books):
    response = books.get(reverse("admin:points_liability"), {"on": "0001-01-01"})

    assert response.context["panels"]


@pytest.mark.parametrize("day", ["2100-01-01", "9999-12-31"])
def test_a_day_to_come_is_refused_beside_the_form(books, day):
    response = books.get(reverse("admin:points_liability"), {"on": day})

    assert response.status_code == 200
    assert response.context["form"].non_field_errors()
    assert not response.context["panels"]


def test_while_the_books_are_not_settled_the_page_says_so(books, app_dsn, monkeypatch):
    monkeypatch.setattr(as_of, "SETTLE_SECONDS", 0.2)
    with psycopg2.connect(app_dsn) as unfinished, unfinished.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")

        response = books.get(reverse("admin:points_liability"))

    assert response.status_code == 200
    assert response.context["form"].non_field_errors()


def test_who_may_not_look_at_lots_is_not_told(client):
    operator = grant(make_operator(superuser=False), "view_seal")
    client.force_login(operator)

    assert client.get(reverse("admin:points_liability")).status_code == 403


def test_a_seal_shows_what_it_vouches_for_and_cannot_be_changed(books):
    seal = seal_until(ends_at=database_now())
    address = reverse("admin:points_seal_change", args=[seal.number])

    page = books.get(address).content.decode()
    books.post(address, {"postings": 0})

    assert bytes(seal.root).hex() in page
    assert "4,321" in page
    assert Seal.objects.get().postings == 1
