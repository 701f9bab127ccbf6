"""Units, venues and outlets on the screen: codes are told apart on the form and never change."""

import pytest
from django.urls import reverse

from tests.factories import make_outlet, make_unit
from tests.operators import make_operator
from units.models import Outlet

pytestmark = pytest.mark.django_db


@pytest.fixture
def outlet(client):
    client.force_login(make_operator())
    return make_outlet(make_unit("MALL"), "S1")


def test_a_second_outlet_of_the_same_code_is_refused_on_the_form(client, outlet):
    answer = client.post(
        reverse("admin:units_outlet_add"), {"venue": outlet.venue_id, "code": "S1", "name": "Other"}
    )

    assert "code" in answer.context["adminform"].form.errors


def test_an_outlet_belongs_to_the_unit_of_its_venue(client, outlet):
    client.post(reverse("admin:units_outlet_add"), {"venue": outlet.venue_id, "code": "S2", "name": "Other"})

    assert Outlet.objects.get(code="S2").unit == outlet.unit


def test_a_code_never_changes_and_nothing_is_deleted(client, outlet):
    unit = outlet.unit
    client.post(
        reverse("admin:units_businessunit_change", args=[unit.pk]),
        {"code": "OTHER", "name_zh": "新名", "name_en": "New", "sector": "mall"},
    )

    unit.refresh_from_db()
    assert (unit.code, unit.name_zh) == ("MALL", "新名")
    assert client.get(reverse("admin:units_businessunit_delete", args=[unit.pk])).status_code == 403
