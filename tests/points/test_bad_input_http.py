"""Bad input at every HTTP door of the ledger: a named 4xx, never a failure, and nothing is written."""

import itertools
import json
from datetime import timedelta
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from members.models import Member, MemberStatus
from members.services.tokens import issue_member_token
from points.models import Program
from points.selectors.audit import audit
from tests.factories import LONG_AGO, NOW
from tests.points.ledger_doors import ref
from units.models import BusinessUnit
from units.services.partner_keys import issue_partner_key

pytestmark = pytest.mark.django_db
_serial = itertools.count(1)

# Raw bodies, for JSON says things that a client's library would not.
RAW_NUMBERS = {
    "zero": "0",
    "negative": "-1",
    "2^63": str(2**63),
    "2^63 - 1": str(2**63 - 1),
    "10^9 + 1": str(10**9 + 1),
    "a fraction": "1.5",
    "a whole fraction": "5.0",
    "an exponent": "5e0",
    "full-width digits": '"１００"',
    "digits in a text": '"100"',
    "true": "true",
    "null": "null",
    "a list": "[5]",
    "an object": "{}",
    "not a number": "NaN",
    "65 digits": "1" * 65,
}


class Caller:
    """A signed-in client that posts raw JSON."""

    def __init__(self, prefix, token):
        self.client = APIClient(headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"})
        self.prefix = prefix

    def post(self, path, body):
        return self.client.post(
            f"/{self.prefix}/v1/{path}",
            body if isinstance(body, str) else json.dumps(body),
            content_type="application/json",
            headers={"Idempotency-Key": f"bad-{next(_serial)}"},
        )

    def refusal(self, path, body):
        """(status, code); never a failure of ours."""
        answer = self.post(path, body)
        assert 400 <= answer.status_code < 500, (answer.status_code, answer.content)
        assert answer["Content-Type"] == "application/problem+json"
        return answer.status_code, answer.json()["code"]


@pytest.fixture
def till(world):
    scopes = ("points:quote", "points:redeem", "activities:report")
    _key, token = issue_partner_key(name="t", units=[world.mall], scopes=scopes, by="t", at=LONG_AGO)
    return Caller("partner", token)


@pytest.fixture
def app(world):
    _row, token = issue_member_token(
        member=world.member, by="t", at=LONG_AGO, lifetime=NOW - LONG_AGO + timedelta(days=9)
    )
    return Caller("api", token)


def doors(world):
    """Route → a body that would pass (but for a quote that is none), of both surfaces."""
    price = {"member": {"id": str(world.member.pk)}, "program": "MALL", "points": 5}
    exchange = {"source": "MALL", "target": "HOTEL", "points": 5}
    return {
        "till redemption-quotes": price,
        "till redemptions": {**price, "source_ref": ref(), "capture": True},
        "till redemptions (hold)": {**price, "source_ref": ref(), "capture": False},
        f"till redemptions/{world.hold.pk}/capture": {"points": 5},
        f"till redemptions/{world.paid.pk}/reverse": {"points": 5, "source_ref": ref()},
        "app me/exchange-quotes": exchange,
        "app me/exchanges": exchange,
    }


def ask(name, app, till, body):
    who, path, *_rest = name.split(" ")
    return (app if who == "app" else till).refusal(path, body)


PRICED = (0, 1, 2, 5, 6)


@pytest.mark.parametrize("place", range(7))
def test_every_route_names_what_is_no_number_of_points(world, nothing_written, app, till, place):
    name, body = list(doors(world).items())[place]
    told = {}
    for odd, number in RAW_NUMBERS.items():
        raw = json.dumps({**body, "points": "HERE"}).replace('"HERE"', number)
        told[odd] = ask(name, app, till, raw)

    # NaN and endless digits are no JSON of ours; the rest is named by its field.
    malformed = {"not a number", "65 digits"}
    assert told == {
        odd: (400, "malformed_body" if odd in malformed else "invalid_request") for odd in RAW_NUMBERS
    }


def routes(world, places):
    return [list(doors(world).items())[place] for place in places]


def test_every_route_names_an_unknown_program(world, nothing_written, app, till):
    told = set()
    for name, body in routes(world, PRICED):
        field = "source" if name.startswith("app") else "program"
        for program in ("NOWHERE", "mall", "ＭＡＬＬ"):
            told.add(ask(name, app, till, {**body, field: program}))

    assert told == {(404, "not_found")}


@pytest.mark.parametrize("status", [MemberStatus.FROZEN, MemberStatus.CLOSED])
def test_every_route_names_a_member_who_is_not_active(world, nothing_written, app, till, status):
    Member.objects.filter(pk=world.member.pk).update(status=status)
    for name, body in routes(world, PRICED):
        # One who has left has no token any more.
        left = name.startswith("app") and status == MemberStatus.CLOSED
        expected = (401, "not_authenticated") if left else (409, "member_not_active")
        assert ask(name, app, till, body) == expected, name


def test_every_route_of_a_till_names_a_unit_that_is_not_active(world, nothing_written, app, till):
    BusinessUnit.objects.filter(pk=world.mall.pk).update(is_active=False)

    told = {ask(name, app, till, body) for name, body in routes(world, (0, 1, 2))}

    assert told == {(409, "unit_not_active")}


def test_every_route_names_a_program_that_is_not_active(world, nothing_written, app, till):
    Program.objects.filter(pk=world.program.pk).update(is_active=False)

    told = {ask(name, app, till, body) for name, body in routes(world, PRICED)}

    assert told == {(409, "program_not_active")}


def test_every_route_names_a_quote_that_is_none(world, nothing_written, app, till):
    told = {ask(name, app, till, {**body, "quote": "eyJ:x:y"}) for name, body in routes(world, (1, 2, 6))}

    assert told == {(409, "quote_expired")}


@pytest.mark.parametrize("verb", ["capture", "void", "reverse"])
def test_a_payment_that_is_not_there_is_not_found(world, nothing_written, till, verb):
    body = {"source_ref": "z"} if verb == "reverse" else {}

    assert till.refusal(f"redemptions/{uuid4()}/{verb}", body)[0] == 404
    assert till.refusal(f"redemptions/no-id/{verb}", body)[0] == 404


SALE_INSTANTS = {
    "0001-01-01T00:00:00Z": "invalid_request",
    "9999-12-31T23:59:59Z": "invalid_request",
    "2026-02-30T00:00:00Z": "invalid_request",
    "2026-06-15T04:00:00": "invalid_request",
    "2026-06-15": "invalid_request",
    "2026-06-15T24:00:00Z": "invalid_request",
    "２０２６-06-15T04:00:00Z": "invalid_request",
    "2026-06-17T04:00:00Z": "date_in_future",
    "2010-06-15T04:00:00Z": "date_too_old",
}


def test_a_sale_at_an_absurd_instant_is_refused_by_name(world, nothing_written, till):
    told = {instant: till.refusal("activities", sale_at(world, instant))[1] for instant in SALE_INSTANTS}

    assert told == SALE_INSTANTS


def test_a_sale_of_an_absurd_amount_is_refused_by_name(world, nothing_written, till):
    told = set()
    for amount in ("0.001", "-1.00", "１００.00", "1e3", "", "9" * 16, "NaN"):
        body = sale_at(world, NOW.isoformat()) | {"amount": {"amount": amount, "currency": "CNY"}}
        told.add(till.refusal("activities", body)[1])

    assert told == {"invalid_request"}


def test_a_sale_that_would_earn_more_than_a_lot_holds_is_refused_by_name(world, nothing_written, till):
    body = sale_at(world, NOW.isoformat()) | {"amount": {"amount": "1000000001.00", "currency": "CNY"}}

    assert till.refusal("activities", body)[1] in {"points_out_of_range", "too_large"}


def sale_at(world, instant):
    return {
        "source_ref": ref(),
        "kind": "purchase",
        "occurred_at": instant,
        "amount": {"amount": "5.00", "currency": "CNY"},
        "member": {"id": str(world.member.pk)},
    }


def test_good_input_passes_every_one_of_these_doors(world, app, till):
    """Else the refusals above could be of something else than what is odd."""
    for name, body in doors(world).items():
        who, path, *_rest = name.split(" ")
        answer = (app if who == "app" else till).post(path, body)
        assert answer.status_code in {200, 201}, (name, answer.content)
    assert till.post("activities", sale_at(world, NOW.isoformat())).status_code == 201
    assert audit().is_clean
