"""The member surface's doors to points, through the client with real tokens."""

import csv
import io
import json
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from members.services.tokens import issue_member_token
from points.api import statement_csv
from points.models import ExpiryKind
from tests.factories import LONG_AGO, NOW, give, make_member, make_program, make_rate, redeem

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


class App:
    """A member's app: a token, and JSON out."""

    def __init__(self, member):
        _row, token = issue_member_token(
            member=member, by="test", at=LONG_AGO, lifetime=NOW - LONG_AGO + 365 * DAY
        )
        self.client = APIClient()
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def get(self, path, params=None, **headers):
        return self.client.get(f"/api/v1/{path}", params or {}, headers={"Accept-Language": "en", **headers})

    def results(self, path, params=None):
        response = self.get(path, params)
        assert response.status_code == 200, response.content
        return response.json()["results"]


@pytest.fixture
def app(story):
    return App(story.member)


@pytest.fixture
def paid(story):
    """1,000 mall points at the mall: 600 + 200."""
    return redeem(story.member, story.mall_program, 1000, unit=story.mall, source_ref="till-1")


ROUTES = ["me/wallets", "me/wallets/HOTEL/lots", "me/postings", "exchange-rates"]


class TestWho:
    @pytest.mark.parametrize("path", ROUTES)
    def test_without_a_token_nothing_opens(self, story, path):
        assert APIClient().get(f"/api/v1/{path}").status_code == 401

    @pytest.mark.parametrize("path", ROUTES[:3])
    def test_another_member_sees_nothing_of_it(self, story, paid, path):
        assert App(make_member()).results(path) == []

    @pytest.mark.parametrize("path", ROUTES)
    @pytest.mark.parametrize("verb", ["post", "put", "patch", "delete"])
    def test_nothing_can_be_written_here(self, app, path, verb):
        assert getattr(app.client, verb)(f"/api/v1/{path}", {}, format="json").status_code == 405


class TestWallets:
    def test_a_wallet_says_what_is_in_it(self, app, story):
        give(story.member, story.mall_program, 40, available_at=NOW + DAY)

        wallets = {wallet.pop("program"): wallet for wallet in app.results("me/wallets")}

        assert wallets["MALL"] == {
            "name": "Points MALL",
            "balance": 640,
            "available": 600,
            "kept_for_debt": 0,
            "pending": 40,
            "held": 0,
            "expired_unswept": 0,
            "debt": 0,
            "expiring_soon": {
                "within_days": 30,
                "points": 0,
                "first_expires_at": None,
                "first_last_valid_on": None,
            },
            "lots": 2,
        }

    def test_what_expires_soon_names_the_last_day(self, story):
        soon = make_program("SOON", owner=story.mall, expiry_kind=ExpiryKind.MONTH_END)
        member = make_member()
        give(member, soon, 80)

        (wallet,) = App(member).results("me/wallets")

        assert wallet["expiring_soon"] == {
            "within_days": 30,
            "points": 80,
            "first_expires_at": "2026-06-30T16:00:00+00:00",
            "first_last_valid_on": "2026-06-30",
        }

    def test_names_follow_the_asked_language(self, app):
        response = app.get("me/wallets", **{"Accept-Language": "zh-hans"})

        assert [wallet["name"] for wallet in response.json()["results"]] == ["积分HOTEL", "积分MALL"]

    def test_pages_of_wallets_join_up(self, app):
        first = app.get("me/wallets", {"page_size": 1}).json()
        second = app.client.get(first["next"]).json()

        assert [page["results"][0]["program"] for page in (first, second)] == ["HOTEL", "MALL"]
        assert second["next"] is None

    def test_wallets_cost_two_queries(self, app, django_assert_num_queries):
        with django_assert_num_queries(2):  # the token, the wallets
            app.results("me/wallets")


class TestLots:
    def test_a_lot_says_where_it_came_from_and_went(self, app, story, paid):
        (lot,) = app.results("me/wallets/HOTEL/lots")

        posting = lot.pop("posting")
        assert posting.pop("id")
        assert posting == {"kind": "accrual", "unit": "HOTEL", "source_ref": "r2", "rule": "12 v3"}
        assert lot.pop("id")
        assert lot == {
            "points": 500,
            "remaining": 300,
            "held": 0,
            "state": "available",
            "issuer": "HOTEL",
            "earned_at": "2026-06-14T04:00:00+00:00",
            "available_at": "2026-06-14T04:00:00+00:00",
            "expires_at": None,
            "last_valid_on": None,
            "drawn": [{"kind": "redemption", "points": 200, "postings": 1}],
        }

    def test_an_expiring_lot_names_its_last_local_day(self, story):
        soon = make_program("SOON", owner=story.mall, expiry_kind=ExpiryKind.MONTH_END)
        member = make_member()
        give(member, soon, 80)

        (lot,) = App(member).results("me/wallets/SOON/lots")

        assert (lot["expires_at"], lot["last_valid_on"]) == ("2026-06-30T16:00:00+00:00", "2026-06-30")

    def test_pages_of_lots_keep_the_spending_order_past_those_that_never_expire(self, app, story):
        program = story.mall_program
        for days in (5, 3, 9):
            program.expiry_kind, program.expiry_count = ExpiryKind.DAYS, 100
            give(story.member, program, 1, source_ref=f"d{days}", occurred_at=NOW - days * DAY)
            program.expiry_kind, program.expiry_count = ExpiryKind.NEVER, 0
            give(story.member, program, 1, source_ref=f"n{days}", occurred_at=NOW - days * DAY)

        pages, answer = [], app.get("me/wallets/MALL/lots", {"page_size": 2}).json()
        while True:
            pages += [lot["posting"]["source_ref"] for lot in answer["results"]]
            if answer["next"] is None:
                break
            answer = app.client.get(answer["next"]).json()

        assert pages == ["d9", "d5", "d3", "n9", "n5", "n3", "r1"]

    def test_a_program_without_a_wallet_has_no_lots(self, app):
        make_program("OTHER")

        assert app.results("me/wallets/OTHER/lots") == []

    @pytest.mark.parametrize("code", ["NOWHERE", "mall", "'", "%F0%9F%80%84", "%C3%28", "M" * 500])
    def test_an_unknown_program_is_not_found(self, app, code):
        response = app.get(f"me/wallets/{code}/lots")

        assert (response.status_code, response.json()["code"]) == (404, "not_found")

    def test_a_nul_in_the_path_is_refused(self, app):
        assert app.get("me/wallets/%00/lots").status_code == 400

    def test_lots_cost_three_queries(self, app, story, django_assert_num_queries):
        for _ in range(5):
            give(story.member, story.mall_program, 1)

        with django_assert_num_queries(3):  # the token, the program, the lots
            assert len(app.results("me/wallets/MALL/lots")) == 6


class TestPostings:
    def test_a_redemption_shows_what_each_wallet_paid(self, app, paid):
        posting = app.results("me/postings")[0]

        assert posting.pop("posted_at")
        assert posting == {
            "id": str(paid.posting.pk),
            "kind": "redemption",
            "unit": "MALL",
            "source_ref": "till-1",
            "program": "MALL",
            "points": 1000,
            "entries": [{"program": "HOTEL", "points": -200}, {"program": "MALL", "points": -600}],
            "shares": [
                {"program": "MALL", "points": 600, "covers": 600},
                {"program": "HOTEL", "points": 200, "covers": 400},
            ],
            "rule": "",
            "occurred_at": "2026-06-15T04:00:00+00:00",
        }

    @pytest.mark.parametrize(
        ("filters", "found"),
        [
            ({}, ["till-1", "r2", "r1"]),
            ({"program": "HOTEL"}, ["till-1", "r2"]),
            ({"program": "NOWHERE"}, []),
            ({"unit": "HOTEL"}, ["r2"]),
            ({"kind": "accrual"}, ["r2", "r1"]),
            ({"occurred_from": "2026-06-15T12:00:00+08:00"}, ["till-1"]),
            ({"occurred_to": "2026-06-15T12:00:00+08:00"}, ["r2", "r1"]),
            ({"kind": "accrual", "unit": "MALL"}, ["r1"]),
        ],
    )
    def test_a_statement_narrows(self, app, paid, filters, found):
        assert [posting["source_ref"] for posting in app.results("me/postings", filters)] == found

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("kind", "theft"), ("occurred_from", "2026-06-15"), ("occurred_from", "yesterday"),
            ("occurred_to", "2026-06-15T12:00:00"), ("occurred_to", "9999-99-99T00:00:00Z"),
            ("program", "M" * 25), ("unit", "M" * 25), ("member", "x"), ("programme", "MALL"),
            ("ordering", "id"), ("%d%s", "%s"),
        ],
    )  # fmt: skip
    def test_a_filter_that_does_not_fit_is_refused_by_its_name(self, app, name, value):
        response = app.get("me/postings", {name: value})

        assert response.status_code == 400, response.content
        assert [error["field"] for error in response.json()["errors"]] == [name]

    @pytest.mark.parametrize("cursor", ["x", "eyJiIjpmYWxzZX0", "%00", "🀄", "A" * 5000])
    def test_a_cursor_of_no_list_is_refused(self, app, cursor):
        assert app.get("me/postings", {"cursor": cursor}).status_code == 400

    def test_pages_keep_their_filters_and_stay_put_under_inserts(self, app, story, paid):
        first = app.get("me/postings", {"page_size": 1, "program": "HOTEL"}).json()
        redeem(story.member, story.hotel_program, 1, unit=story.hotel, at=NOW + DAY)

        second = app.client.get(first["next"]).json()

        assert [page["results"][0]["source_ref"] for page in (first, second)] == ["till-1", "r2"]
        assert second["next"] is None

    def test_postings_cost_four_queries(self, app, story, paid, django_assert_num_queries):
        for _ in range(5):
            give(story.member, story.mall_program, 1)

        with django_assert_num_queries(4):  # the token, the person's numbers, the postings, their entries
            assert len(app.results("me/postings")) == 8


class TestCsv:
    @staticmethod
    def rows(response):
        assert response.status_code == 200
        assert response["Content-Type"].startswith("text/csv")
        return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode(), newline="")))

    def test_a_statement_as_csv_has_a_line_for_each_wallet_moved(self, app, paid):
        rows = self.rows(app.get("me/postings", Accept="text/csv"))

        assert rows[0] == [
            "occurred_at",
            "kind",
            "unit",
            "source_ref",
            "program",
            "points",
            "rule",
            "posting",
        ]
        assert [row[3:6] for row in rows[1:]] == [
            ["till-1", "HOTEL", "-200"],
            ["till-1", "MALL", "-600"],
            ["r2", "HOTEL", "500"],
            ["r1", "MALL", "600"],
        ]

    def test_filters_hold_for_csv_too(self, app, paid):
        rows = self.rows(app.get("me/postings", {"kind": "accrual", "program": "MALL"}, Accept="text/csv"))

        assert [row[3] for row in rows[1:]] == ["r1"]

    @pytest.mark.parametrize("start", ["=", "+", "-", "@"])
    def test_no_cell_is_a_formula_and_points_stay_numbers(self, app, story, start):
        ref = f"{start}HYPERLINK(1)"
        redeem(story.member, story.mall_program, 5, unit=story.mall, source_ref=ref)

        row = self.rows(app.get("me/postings", Accept="text/csv"))[1]

        assert (row[3], row[5]) == (f"'{ref}", "-5")

    def test_quotes_and_commas_do_not_break_a_line(self, app, story):
        redeem(story.member, story.mall_program, 5, unit=story.mall, source_ref='a,"b",积分')

        assert self.rows(app.get("me/postings", Accept="text/csv"))[1][3] == 'a,"b",积分'

    def test_a_statement_that_is_too_long_is_refused_not_cut(self, app, paid, monkeypatch):
        monkeypatch.setattr(statement_csv, "POSTINGS_MAX", 2)

        response = app.get("me/postings", Accept="text/csv")

        assert response.status_code == 422
        assert response["Content-Type"] == "application/problem+json"
        assert json.loads(response.content)["code"] == "statement_too_long"
        assert len(self.rows(app.get("me/postings", {"kind": "accrual"}, Accept="text/csv"))) == 3

    def test_a_wrong_filter_stays_a_problem_when_csv_was_asked_for(self, app):
        response = app.get("me/postings", {"kind": "theft"}, Accept="text/csv")

        assert response.status_code == 400
        assert json.loads(response.content)["code"] == "invalid_request"

    def test_what_cannot_be_told_is_not_acceptable(self, app):
        assert app.get("me/postings", Accept="application/pdf").status_code == 406


class TestRates:
    def test_only_the_rates_in_force_are_told(self, app, story):
        make_rate(story.mall_program, story.hotel_program, 1, 3, starts_at=NOW + DAY)

        (rate,) = app.results("exchange-rates")

        assert rate == {
            "from_program": "HOTEL",
            "to_program": "MALL",
            "numerator": 2,
            "denominator": 1,
            "cap_per_member_day": None,
            "starts_at": "2000-01-01T00:00:00+00:00",
            "ends_at": None,
        }

    def test_rates_cost_two_queries(self, app, django_assert_num_queries):
        with django_assert_num_queries(2):  # the token, the rates
            app.results("exchange-rates")
