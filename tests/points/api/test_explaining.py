"""The doors to why: a member explains what is theirs, a unit what was paid at its tills."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import translation
from rest_framework.test import APIClient

from members.services.tokens import issue_member_token
from points.models import Lot, Posting
from points.services.holds import hold_points
from points.services.reversal import reverse_redemption
from tests.factories import LONG_AGO, NOW, give, make_member, make_program, redeem
from tests.points.api.conftest import Till
from tests.points.api.test_contract import document, fits  # noqa: F401 -- a fixture

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


class App:
    """A member's app."""

    def __init__(self, member):
        _row, token = issue_member_token(
            member=member, by="test", at=LONG_AGO, lifetime=NOW - LONG_AGO + 365 * DAY
        )
        self.client = APIClient(headers={"Authorization": f"Bearer {token}"})

    def get(self, path, params=None, language="en"):
        return self.client.get(f"/api/v1/{path}", params or {}, headers={"Accept-Language": language})


@pytest.fixture
def app(story):
    return App(story.member)


@pytest.fixture
def paid(story):
    """1,000 mall points at the mall: 600 + 200 of the hotel."""
    return redeem(
        story.member,
        story.mall_program,
        1000,
        unit=story.mall,
        source_ref="till-1",
        by="partner:lp_1@SHOP-7",
    ).posting


@pytest.fixture
def lot(story):
    return Lot.objects.get(member=story.member, program=story.hotel_program)


def paths(lot, posting):
    return [
        "me/wallets/HOTEL/explanation",
        f"me/wallets/HOTEL/lots/{lot.pk}",
        f"me/postings/{posting.pk}",
    ]


class TestWho:
    def test_without_a_token_nothing_opens(self, lot, paid):
        assert {APIClient().get(f"/api/v1/{path}").status_code for path in paths(lot, paid)} == {401}

    def test_another_members_is_not_found(self, lot, paid):
        other = App(make_member())

        answers = [other.get(path) for path in paths(lot, paid)]

        assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "not_found")] * 3

    def test_what_is_not_there_looks_the_same(self, app, lot):
        absent = [
            "me/wallets/NOWHERE/explanation",
            f"me/wallets/HOTEL/lots/{uuid4()}",
            f"me/postings/{uuid4()}",
        ]

        for path in (*absent, f"me/wallets/MALL/lots/{lot.pk}"):
            assert app.get(path).json()["code"] == "not_found"

    def test_nothing_can_be_written_here(self, app, lot, paid):
        for path in paths(lot, paid):
            assert app.client.post(f"/api/v1/{path}", {}, format="json").status_code == 405


class TestBalance:
    def test_every_list_of_lines_sums_to_the_balance(self, app, paid):
        told = app.get("me/wallets/HOTEL/explanation").json()

        assert told["balance"] == 300
        for name in ("uses", "history", "lot_sums", "origins"):
            assert sum(line["points"] for line in told[name]) == 300, name
        assert sum(lot["left"] for lot in told["lots"]["results"]) == 300

    def test_the_headline_is_in_the_asked_language(self, app, paid):
        assert app.get("me/wallets/HOTEL/explanation").json()["headline"] == (
            "300 = 1 lot (500) − 1 redemption (200)"
        )
        with translation.override("zh-hans"):
            kind = Posting(kind="redemption").get_kind_display()
        told = app.get(f"me/postings/{paid.pk}", language="zh-hans").json()["headline"]
        assert kind in told
        assert "业态MALL" in told

    def test_lots_are_paged_and_the_pages_join_up(self, app, story):
        give(story.member, story.hotel_program, 70, occurred_at=NOW - 2 * DAY)
        first = app.get("me/wallets/HOTEL/explanation", {"page_size": 1}).json()
        second = app.client.get(first["lots"]["next"]).json()

        seen = [page["lots"]["results"][0]["points"] for page in (first, second)]
        assert (seen, second["lots"]["next"]) == ([70, 500], None)
        assert first["balance"] == second["balance"] == 570

    def test_a_past_instant_tells_a_past_balance(self, app, story, settings):
        settings.LOYALTY_FAKE_NOW = ""
        give(story.member, story.hotel_program, 70, source_ref="late")
        before = Posting.objects.get(source_ref="late").posted_at - timedelta(microseconds=1)

        told = app.get("me/wallets/HOTEL/explanation", {"as_of": before.isoformat()})

        assert told.status_code == 200, told.content
        assert told.json()["balance"] == 500

    @pytest.mark.parametrize(
        "as_of",
        ["yesterday", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00Z", "2026-06-01", "2099-01-01T00:00:00Z"],
    )
    def test_an_absurd_instant_is_named(self, app, as_of):
        refused = app.get("me/wallets/HOTEL/explanation", {"as_of": as_of})

        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
        assert refused.json()["errors"][0]["field"] == "as_of"

    def test_many_lots_cost_no_more_queries(self, app, story, django_assert_num_queries):
        app.get("me/wallets/HOTEL/explanation")
        for _ in range(2):
            # The token, the wallet, seven of the explanation, the page.
            with django_assert_num_queries(10):
                app.get("me/wallets/HOTEL/explanation")
            for _number in range(20):
                give(story.member, story.hotel_program, 1)


class TestLot:
    def test_a_lot_tells_its_birth_its_draws_and_its_end(self, app, story, lot, paid):
        told = app.get(f"me/wallets/HOTEL/lots/{lot.pk}").json()

        assert (told["points"], told["remaining"]) == (500, 300)
        assert told["headline"] == "300 = points given (500) − 1 redemption (200)"
        assert told["birth"]["source_ref"] == "r2"
        assert told["birth"]["words"].endswith("under rule 12 v3, by the system")
        assert [(draw["points"], draw["left"], draw["unit"]) for draw in told["draws"]] == [
            (-200, 300, "MALL")
        ]
        assert told["expiry"]["words"] == "These points do not expire."

    def test_no_cost_and_no_debt_between_units_is_told_to_a_member(self, app, lot, paid):
        for path in paths(lot, paid)[1:]:
            text = app.get(path).content.decode()
            assert "CNY" not in text
            assert "cost" not in text

    def test_a_lot_costs_a_constant_number_of_queries(self, app, story, lot, django_assert_num_queries):
        for _ in range(2):
            redeem(story.member, story.hotel_program, 1, unit=story.mall)
            with django_assert_num_queries(4):
                app.get(f"me/wallets/HOTEL/lots/{lot.pk}")


class TestPosting:
    def test_a_payment_is_taken_apart(self, app, paid, story):
        reverse_redemption(
            unit=story.mall, redemption_ref="till-1", points=100, source_ref="b", by="test", at=NOW
        )

        told = app.get(f"me/postings/{paid.pk}").json()

        assert [(w["program"], w["points"]) for w in told["wallets"]] == [("HOTEL", -200), ("MALL", -600)]
        for wallet in told["wallets"]:
            assert sum(line["points"] for line in wallet["sums"]) == wallet["points"]
        assert told["conversions"][0]["words"] == "200 HOTEL × 2 → 400 MALL"
        assert (told["standing"], told["reversals"][0]["points"]) == (900, 100)
        assert told["headline"].endswith("by a till at SHOP-7")
        assert len(told["digest"]) == 64

    def test_a_posting_costs_a_constant_number_of_queries(self, app, story, django_assert_num_queries):
        for count in (1, 20):
            for _ in range(count):
                give(story.member, story.mall_program, 1)
            posting = redeem(story.member, story.mall_program, 600 + count, unit=story.mall).posting
            with django_assert_num_queries(10):
                app.get(f"me/postings/{posting.pk}")
            give(story.member, story.mall_program, 700)


class TestTill:
    def test_a_unit_hears_what_it_is_owed_for_a_payment(self, till, paid):
        told = till.get(f"redemptions/{paid.pk}/explanation").json()

        assert [(owed["issuer"], owed["points"], owed["amount"]) for owed in told["owed"]] == [
            ("HOTEL", 200, {"amount": "2.00", "currency": "CNY"})
        ]
        assert told["owed"][0]["words"] == "Unit HOTEL owes Unit MALL 2 CNY for 200 points"

    def test_another_units_payment_is_not_found(self, story, paid):
        other = Till([story.hotel])

        assert other.get(f"redemptions/{paid.pk}/explanation").status_code == 404

    def test_what_was_only_held_has_nothing_to_explain(self, story, till):
        hold = hold_points(
            member=story.member,
            program=story.mall_program,
            unit=story.mall,
            price=10,
            source_ref="h",
            by="test",
            at=NOW,
        ).hold

        assert till.get(f"redemptions/{hold.pk}/explanation").status_code == 404

    def test_a_key_for_something_else_is_refused(self, story, paid):
        assert (
            Till([story.mall], scopes=("points:quote",))
            .get(f"redemptions/{paid.pk}/explanation")
            .json()["code"]
            == "scope_missing"
        )


class TestContract:
    ROUTES = (
        "/api/v1/me/wallets/{program}/explanation",
        "/api/v1/me/wallets/{program}/lots/{id}",
        "/api/v1/me/postings/{id}",
        "/partner/v1/redemptions/{id}/explanation",
    )

    @staticmethod
    def content(document, route):  # noqa: F811 -- the fixture
        return document["paths"][route]["get"]["responses"]["200"]["content"]["application/json"]

    @pytest.mark.parametrize("route", ROUTES)
    def test_the_example_fits_its_schema(self, document, route):  # noqa: F811 -- the fixture
        content = self.content(document, route)
        for example in content["examples"].values():
            assert fits(document, content["schema"], example["value"]) == []

    def test_what_is_answered_fits_the_contract(self, document, app, till, story, lot, paid):  # noqa: F811 -- same
        soon = make_program("SOON", owner=story.hotel, expiry_kind="days", expiry_count=30)
        give(story.member, soon, 10, rule="earn:1 v1")
        hold_points(
            member=story.member,
            program=story.hotel_program,
            unit=story.mall,
            price=10,
            source_ref="h",
            by="test",
            at=NOW,
        )
        answers = [
            (self.ROUTES[0], app.get("me/wallets/HOTEL/explanation")),
            (self.ROUTES[0], app.get("me/wallets/SOON/explanation")),
            (self.ROUTES[1], app.get(f"me/wallets/HOTEL/lots/{lot.pk}")),
            (self.ROUTES[2], app.get(f"me/postings/{paid.pk}")),
            (self.ROUTES[2], app.get(f"me/postings/{lot.posting_id}")),
            (self.ROUTES[3], till.get(f"redemptions/{paid.pk}/explanation")),
        ]

        for route, answer in answers:
            assert answer.status_code == 200, answer.content
            assert fits(document, self.content(document, route)["schema"], answer.json()) == []
