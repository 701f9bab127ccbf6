"""The member surface's doors to the exchange: a quote for a minute, one exchange a key, one's own points."""

import csv
import io
import json
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from common.models import IdempotencyRecord
from members.services.tokens import issue_member_token
from points.models import ExchangeRate, ExpiryKind, Posting, PostingKind
from points.selectors.audit import audit
from tests.factories import LONG_AGO, NOW, balance, give, make_member, make_rate
from tests.points.api.test_contract import contents, contract, fits

pytestmark = pytest.mark.django_db
QUOTES, EXCHANGES = "me/exchange-quotes", "me/exchanges"


class App:
    """A member's app: a token, and JSON in and out."""

    def __init__(self, member):
        _row, token = issue_member_token(
            member=member, by="test", at=LONG_AGO, lifetime=NOW - LONG_AGO + timedelta(days=365)
        )
        self.client = APIClient(headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"})

    def post(self, path, body, *, key=None, **headers):
        named = {} if key is None else {"Idempotency-Key": key}
        return self.client.post(f"/api/v1/{path}", body, format="json", headers={**named, **headers})

    def get(self, path, params=None, **headers):
        return self.client.get(f"/api/v1/{path}", params or {}, headers=headers)


@pytest.fixture
def app(story):
    return App(story.member)


@pytest.fixture
def swap(story):
    """200 hotel points, which give 400 mall points."""
    return {"source": "HOTEL", "target": "MALL", "points": 200}


@pytest.fixture
def back(story):
    """101 mall points at 2 mall = 1 hotel give 50 hotel points and a half."""
    make_rate(story.mall_program, story.hotel_program, 1, 2)
    return {"source": "MALL", "target": "HOTEL", "points": 101}


def refusal(answer):
    assert answer["Content-Type"] == "application/problem+json", answer.content
    problem = json.loads(answer.content)
    return answer.status_code, problem["code"]


def wallets(story):
    return balance(story.member, story.hotel_program), balance(story.member, story.mall_program)


class TestQuotes:
    def test_a_quote_says_what_is_given_at_which_rate(self, app, story, swap):
        answer = app.post(QUOTES, swap)

        quote = answer.json()
        assert answer.status_code == 201
        assert quote.pop("quote")
        # The doors' clock runs on from NOW.
        assert quote.pop("expires_at").startswith("2026-06-15T04:01:")
        assert quote == {
            **swap,
            "given": 400,
            "rate": {"numerator": 2, "denominator": 1},
            "dust": {"numerator": 0, "denominator": 1, "words": "Nothing is lost to rounding."},
        }
        assert wallets(story) == (500, 600)

    def test_what_rounding_leaves_behind_is_told_in_words(self, app, back):
        quote = app.post(QUOTES, back).json()

        assert quote["given"] == 50
        assert quote["dust"] == {
            "numerator": 1,
            "denominator": 2,
            "words": "Points are whole: rounding down leaves 1/2 of a point behind.",
        }

    def test_dust_is_told_in_lowest_terms(self, app, story, swap):
        ExchangeRate.objects.update(numerator=2, denominator=4)

        dust = app.post(QUOTES, {**swap, "points": 3}).json()["dust"]

        assert (dust["numerator"], dust["denominator"]) == (1, 2)

    def test_the_words_follow_the_asked_language(self, app, back):
        words = app.post(QUOTES, back, **{"Accept-Language": "zh-hans"}).json()["dust"]["words"]

        assert words == "积分取整：向下取整后余下 1/2 分不计。"

    def test_a_quote_stores_nothing_and_needs_no_key(self, app, swap):
        app.post(QUOTES, swap)

        assert not IdempotencyRecord.objects.exists()
        assert not Posting.objects.filter(kind=PostingKind.EXCHANGE).exists()


class TestExchanges:
    def test_points_turn_and_the_receipt_says_so(self, app, story, swap):
        answer = app.post(EXCHANGES, swap, key="k")

        receipt = answer.json()
        posting = Posting.objects.get(kind=PostingKind.EXCHANGE)
        assert answer.status_code == 201
        assert receipt.pop("occurred_at").startswith("2026-06-15T04:00:")
        assert receipt == {
            "id": str(posting.pk),
            "posting": str(posting.pk),
            "unit": "MALL",
            "source_ref": f"exchange:{story.member.pk}:k",
            **swap,
            "given": 400,
            "rate": {"numerator": 2, "denominator": 1},
            "dust": {"numerator": 0, "denominator": 1, "words": "Nothing is lost to rounding."},
        }
        assert posting.actor == f"member:{story.member.pk}"
        assert wallets(story) == (300, 1000)
        assert audit().is_clean

    def test_a_quote_is_kept_to_the_point(self, app, story, back):
        quote = app.post(QUOTES, back).json()

        receipt = app.post(EXCHANGES, {**back, "quote": quote["quote"]}, key="k").json()

        assert {name: receipt[name] for name in ("given", "rate", "dust")} == {
            name: quote[name] for name in ("given", "rate", "dust")
        }
        assert wallets(story) == (550, 499)

    def test_the_same_key_exchanges_once(self, app, story, swap):
        first = app.post(EXCHANGES, swap, key="k")

        again = app.post(EXCHANGES, swap, key="k")

        assert (again.status_code, again.content) == (201, first.content)
        assert again["Idempotency-Replayed"] == "true"
        assert wallets(story) == (300, 1000)

    def test_a_key_without_its_stored_answer_still_exchanges_once(self, app, story, swap):
        first = app.post(EXCHANGES, swap, key="k")
        IdempotencyRecord.objects.all().delete()

        again = app.post(EXCHANGES, swap, key="k")

        assert (again.status_code, again.json()) == (200, first.json())
        assert refusal(app.post(EXCHANGES, {**swap, "points": 1}, key="k")) == (422, "idempotency_key_reused")
        IdempotencyRecord.objects.all().delete()
        assert refusal(app.post(EXCHANGES, {**swap, "points": 1}, key="k")) == (409, "reference_reused")
        assert wallets(story) == (300, 1000)

    def test_two_members_may_choose_the_same_key(self, app, story, swap):
        other = make_member()
        give(other, story.hotel_program, 200)
        app.post(EXCHANGES, swap, key="k")

        answer = App(other).post(EXCHANGES, swap, key="k")

        assert answer.status_code == 201
        assert "Idempotency-Replayed" not in answer
        assert (balance(other, story.mall_program), *wallets(story)) == (400, 300, 1000)

    def test_two_keys_exchange_twice(self, app, story, swap):
        for key in ("k", "l"):
            assert app.post(EXCHANGES, swap, key=key).status_code == 201

        assert wallets(story) == (100, 1400)

    def test_the_longest_key_fits_its_reference(self, app, swap):
        answer = app.post(EXCHANGES, swap, key="~" * 128)

        assert answer.status_code == 201
        assert len(answer.json()["source_ref"]) == 174

    def test_without_a_key_nothing_is_exchanged(self, app, story, swap):
        assert refusal(app.post(EXCHANGES, swap)) == (400, "idempotency_key_missing")
        assert wallets(story) == (500, 600)


class TestRefusals:
    def test_a_quote_is_its_members_alone(self, app, story, swap):
        other = make_member()
        give(other, story.hotel_program, 500)
        quote = app.post(QUOTES, swap).json()["quote"]

        answer = App(other).post(EXCHANGES, {**swap, "quote": quote}, key="k")

        assert refusal(answer) == (409, "quote_expired")
        assert balance(other, story.hotel_program) == 500

    def test_a_quote_dies_after_a_minute(self, app, swap, settings):
        quote = app.post(QUOTES, swap).json()["quote"]
        settings.LOYALTY_FAKE_NOW = (NOW + timedelta(minutes=2)).isoformat()

        assert refusal(app.post(EXCHANGES, {**swap, "quote": quote}, key="k")) == (409, "quote_expired")

    def test_a_quote_whose_rate_moved_says_what_is_given_now(self, app, story, swap):
        quote = app.post(QUOTES, swap).json()["quote"]
        ExchangeRate.objects.update(numerator=3)

        answer = app.post(EXCHANGES, {**swap, "quote": quote}, key="k")

        assert refusal(answer) == (409, "quote_changed")
        assert json.loads(answer.content)["given"] == 600
        assert wallets(story) == (500, 600)

    def test_the_days_limit_says_what_is_left(self, app, story, swap):
        ExchangeRate.objects.update(cap_per_member_day=250)
        app.post(EXCHANGES, swap, key="k")

        answer = app.post(EXCHANGES, {**swap, "points": 51}, key="l")

        assert refusal(answer) == (409, "exchange_cap_reached")
        assert json.loads(answer.content)["left"] == 50
        assert wallets(story) == (300, 1000)

    @pytest.mark.parametrize("path", [QUOTES, EXCHANGES])
    @pytest.mark.parametrize(
        ("changed", "told"),
        [
            ({"points": 501}, (409, "insufficient_points")),
            ({"source": "MALL", "target": "HOTEL"}, (409, "no_exchange_rate")),
            ({"target": "HOTEL"}, (409, "no_exchange_rate")),
            ({"source": "NOWHERE"}, (404, "not_found")),
            ({"target": "NOWHERE"}, (404, "not_found")),
            ({"points": 0}, (400, "invalid_request")),
            ({"points": -1}, (400, "invalid_request")),
            ({"points": "200"}, (400, "invalid_request")),
            ({"points": 10**9 + 1}, (400, "invalid_request")),
            ({"source": None}, (400, "invalid_request")),
            ({"member": "me"}, (400, "invalid_request")),
        ],
    )
    def test_what_cannot_be_exchanged_is_refused_by_name(self, app, story, swap, path, changed, told):
        assert refusal(app.post(path, swap | changed, key="k")) == told
        assert wallets(story) == (500, 600)

    @pytest.mark.parametrize("path", [QUOTES, EXCHANGES])
    def test_too_few_points_for_one_are_refused(self, app, back, path):
        assert refusal(app.post(path, {**back, "points": 1}, key="k")) == (409, "exchange_too_small")

    @pytest.mark.parametrize("path", [QUOTES, EXCHANGES])
    @pytest.mark.parametrize("code", ["source", "target"])
    def test_an_unknown_program_names_its_field(self, app, swap, path, code):
        problem = json.loads(app.post(path, swap | {code: "NOWHERE"}, key="k").content)

        assert problem["field"] == code

    @pytest.mark.parametrize("path", [QUOTES, EXCHANGES])
    def test_a_frozen_member_exchanges_nothing(self, app, story, swap, path):
        story.member.status = "frozen"
        story.member.save()

        assert refusal(app.post(path, swap, key="k")) == (409, "member_not_active")

    @pytest.mark.parametrize("path", [QUOTES, EXCHANGES])
    def test_another_members_points_cannot_be_exchanged(self, story, swap, path):
        answer = App(make_member()).post(path, swap, key="k")

        assert refusal(answer) == (409, "insufficient_points")
        assert wallets(story) == (500, 600)

    @pytest.mark.parametrize("path", [QUOTES, EXCHANGES])
    def test_without_a_token_nothing_opens(self, story, swap, path):
        answer = APIClient().post(f"/api/v1/{path}", swap, format="json", headers={"Idempotency-Key": "k"})

        assert answer.status_code == 401

    @pytest.mark.parametrize("path", [QUOTES, EXCHANGES])
    @pytest.mark.parametrize("verb", ["get", "put", "patch", "delete"])
    def test_no_other_verb_opens(self, app, path, verb):
        assert getattr(app.client, verb)(f"/api/v1/{path}", {}, format="json").status_code == 405


class TestAfterwards:
    @pytest.fixture(autouse=True)
    def exchanged(self, app, swap):
        assert app.post(EXCHANGES, swap, key="k").status_code == 201

    @pytest.mark.parametrize("filters", [{"program": "HOTEL"}, {"program": "MALL"}, {"kind": "exchange"}])
    def test_the_statement_shows_both_wallets_of_an_exchange(self, app, story, filters):
        posting = app.get("me/postings", filters).json()["results"][0]

        assert (posting["kind"], posting["unit"]) == ("exchange", "MALL")
        assert (posting["program"], posting["points"], posting["shares"]) == ("HOTEL", 200, [])
        assert posting["entries"] == [
            {"program": "HOTEL", "points": -200},
            {"program": "MALL", "points": 400},
        ]

    def test_the_file_has_a_line_for_each_wallet(self, app):
        answer = app.get("me/postings", {"kind": "exchange"}, Accept="text/csv")

        rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode(), newline="")))
        assert [(row[1], row[4], row[5]) for row in rows[1:]] == [
            ("exchange", "HOTEL", "-200"),
            ("exchange", "MALL", "400"),
        ]

    def test_the_lots_say_where_they_came_from_and_went(self, app):
        (left,) = app.get("me/wallets/HOTEL/lots").json()["results"]
        made = [lot for lot in app.get("me/wallets/MALL/lots").json()["results"] if lot["points"] == 400]

        assert left["drawn"] == [{"kind": "exchange", "points": 200, "postings": 1}]
        assert [(lot["issuer"], lot["posting"]["kind"]) for lot in made] == [("HOTEL", "exchange")]

    def test_the_wallets_show_what_is_spendable(self, app):
        told = {wallet["program"]: wallet["available"] for wallet in app.get("me/wallets").json()["results"]}

        assert told == {"HOTEL": 300, "MALL": 1000}


def test_exchanged_points_die_no_later_than_before(app, story, swap):
    story.hotel_program.expiry_kind, story.hotel_program.expiry_count = ExpiryKind.DAYS, 10
    give(story.member, story.hotel_program, 200, source_ref="soon")
    app.post(EXCHANGES, swap, key="k")

    lots = app.get("me/wallets/MALL/lots").json()["results"]

    assert [lot["last_valid_on"] for lot in lots] == ["2026-06-24", None]


def test_rates_show_their_cap(app, story):
    ExchangeRate.objects.update(cap_per_member_day=5000)

    (rate,) = app.get("exchange-rates").json()["results"]

    assert (rate["from_program"], rate["cap_per_member_day"]) == ("HOTEL", 5000)


def test_a_quote_costs_few_queries_however_many_lots(app, story, swap, django_assert_max_num_queries):
    for _ in range(5):
        give(story.member, story.hotel_program, 1)

    # The token, the programs, their owner, the rate, the allocation.
    with django_assert_max_num_queries(5):
        assert app.post(QUOTES, swap).status_code == 201


def test_the_contract_has_examples_and_answers_that_fit(app, swap):
    document = contract("api", "loyalty.api_member")
    answers = {QUOTES: app.post(QUOTES, swap), EXCHANGES: app.post(EXCHANGES, swap, key="k")}

    for path, answer in answers.items():
        operation = document["paths"][f"/api/v1/{path}"]["post"]
        for content in contents(operation):
            values = [example["value"] for example in content["examples"].values()]
            assert [fits(document, content["schema"], value) for value in values] == [[]]
        schema = operation["responses"]["201"]["content"]["application/json"]["schema"]
        assert fits(document, schema, answer.json()) == []
