"""A partner's request is let in by a live key, for its own units and scopes only."""

import json

import pytest
from django.urls import path
from rest_framework.response import Response
from rest_framework.test import APIClient

from common.input import PointsField
from tests.factories import NOW, make_outlet, make_unit
from units.api.auth import PartnerRequest, PartnerView
from units.services.partner_keys import issue_partner_key, revoke_partner_key

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class Order(PartnerRequest):
    points = PointsField(required=False)


class Echo(PartnerView):
    required_scope = "points:quote"

    def get(self, request):
        return Response({"unit": self.unit.code})

    def post(self, request):
        read = self.read(Order)
        outlet = self.outlet
        return Response(
            {"read": read, "unit": self.unit.code, "outlet": outlet and outlet.pk, "actor": self.actor}
        )


urlpatterns = [path("partner/v1/echo", Echo.as_view())]


def client_of(*units, scopes=("points:quote",)):
    key, token = issue_partner_key(name="POS", units=units, scopes=scopes, by="test", at=NOW)
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")
    client.key = key
    return client


def post(client, **body):
    response = client.post("/partner/v1/echo", body, format="json")
    return response.status_code, json.loads(response.content)


def test_a_key_of_one_unit_acts_for_it_unasked():
    client = client_of(make_unit("MALL"))

    status, answer = post(client)

    assert (status, answer["unit"], answer["actor"]) == (200, "MALL", f"partner:{client.key.prefix}")


def test_a_key_of_two_units_must_name_one():
    client = client_of(make_unit("MALL"), make_unit("HOTEL"))

    assert post(client, unit="HOTEL")[1]["unit"] == "HOTEL"
    status, problem = post(client)
    assert (status, problem["errors"][0]["field"]) == (400, "unit")


def test_another_units_code_looks_like_one_that_is_not_there():
    client = client_of(make_unit("MALL"))
    make_unit("HOTEL")

    forbidden, absent = post(client, unit="HOTEL"), post(client, unit="NOWHERE")

    assert forbidden[0] == absent[0] == 404
    assert forbidden[1] == absent[1]


def test_the_query_names_the_unit_of_a_read():
    client = client_of(make_unit("MALL"), make_unit("HOTEL"))
    make_unit("OFFICE")

    assert client.get("/partner/v1/echo?unit=HOTEL").json() == {"unit": "HOTEL"}
    assert client.get("/partner/v1/echo?unit=OFFICE").status_code == 404


def test_an_outlet_is_one_of_the_unit():
    mall = make_unit("MALL")
    outlet = make_outlet(mall, "S1")
    make_outlet(make_unit(), "S2")
    client = client_of(mall)

    assert post(client, outlet="S1")[1]["outlet"] == outlet.pk
    assert post(client, outlet="S2")[0] == 404


def test_unit_and_outlet_are_not_handed_to_the_service():
    mall = make_unit("MALL")
    make_outlet(mall, "S1")

    _status, answer = post(client_of(mall), unit="MALL", outlet="S1", points=5)

    assert answer["read"] == {"points": 5}


@pytest.mark.parametrize("code", [1, True, ["MALL"], {"a": 1}, "", " MALL", "M\x00", "M" * 25])
def test_a_hostile_code_is_the_callers_mistake(code):
    client = client_of(make_unit("MALL"))

    assert post(client, unit=code)[0] == 400
    assert post(client, outlet=code if code != "M" * 25 else "M" * 41)[0] == 400


def test_a_missing_scope_is_refused_by_name():
    client = client_of(make_unit(), scopes=["points:redeem"])

    status, problem = post(client)

    assert (status, problem["code"], problem["scope"]) == (403, "scope_missing", "points:quote")


def test_a_revoked_key_is_refused_on_its_next_request():
    client = client_of(make_unit())
    assert post(client)[0] == 200

    revoke_partner_key(key=client.key, by="test", at=NOW)

    assert post(client)[0] == 401


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic dGVzdDp0ZXN0", "Bearer lp_\xff_\xff", "bearer  lm_x"],
)
def test_without_a_proven_key_nobody_enters(header):
    response = APIClient(HTTP_AUTHORIZATION=header).post("/partner/v1/echo", {}, format="json")

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="partner"'


def test_signing_in_costs_two_queries(django_assert_num_queries):
    client = client_of(make_unit(), make_unit(), make_unit("MALL"))

    with django_assert_num_queries(2):
        assert post(client, unit="MALL")[0] == 200
