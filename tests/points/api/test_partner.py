"""The partner surface's doors to points, through the client with real keys."""

from datetime import datetime, timedelta

import pytest

from members.models import MemberStatus
from points.models import Posting
from tests.factories import NOW, balance, give, make_member, make_outlet, make_unit
from tests.points.api.conftest import Till

pytestmark = pytest.mark.django_db
SHARES = [
    {"program": "MALL", "points": 600, "covers": 600},
    {"program": "HOTEL", "points": 200, "covers": 400},
]


def told(response, status, code):
    assert (response.status_code, response.json().get("code")) == (status, code), response.content
    assert response["Content-Type"] == "application/problem+json"
    return response.json()


class TestQuote:
    def test_a_quote_shows_what_each_wallet_would_pay(self, till, order):
        response = till.post("redemption-quotes", order)

        assert response.status_code == 201
        quote = response.json()
        assert quote["shares"] == SHARES
        assert (quote["unit"], quote["program"], quote["points"]) == ("MALL", "MALL", 1000)
        life = datetime.fromisoformat(quote["expires_at"]) - NOW
        assert timedelta(minutes=5) <= life < timedelta(minutes=6)

    def test_a_quote_writes_nothing(self, till, order, story):
        till.post("redemption-quotes", order)

        assert balance(story.member, story.mall_program) == 600
        assert Posting.objects.count() == 2

    def test_a_quote_needs_its_scope(self, story, order):
        told(
            Till([story.mall], scopes=["points:redeem"]).post("redemption-quotes", order),
            403,
            "scope_missing",
        )

    def test_a_price_that_is_too_high_says_by_how_much(self, till, order):
        problem = told(till.post("redemption-quotes", {**order, "points": 2000}), 409, "insufficient_points")

        assert (problem["asked"], problem["short"], problem["program"]) == (2000, 400, "MALL")

    def test_a_quote_costs_five_queries(self, till, order, django_assert_num_queries):
        with django_assert_num_queries(5):  # key, its units, member, programs, the kernel
            till.post("redemption-quotes", order)


class TestRedemption:
    def test_paying_takes_what_the_quote_showed(self, till, order, payment, story):
        quote = till.post("redemption-quotes", order).json()["quote"]

        response = till.post("redemptions", {**payment, "quote": quote})

        assert response.status_code == 201
        receipt = response.json()
        posting = Posting.objects.get(source_ref="till-1")
        assert datetime.fromisoformat(receipt.pop("occurred_at")) == posting.occurred_at
        assert receipt == {
            "id": str(posting.pk),
            "status": "captured",
            "unit": "MALL",
            "source_ref": "till-1",
            "member": {"id": str(story.member.pk), "number": story.member.number},
            "program": "MALL",
            "points": 1000,
            "shares": SHARES,
            "held_points": None,
            "held_at": None,
            "expires_at": None,
            "posting": str(posting.pk),
            "reversed_points": 0,
        }
        assert balance(story.member, story.mall_program) == 0
        assert balance(story.member, story.hotel_program) == 300

    def test_the_doors_clock_says_when(self, till, payment):
        till.post("redemptions", payment)

        assert (
            timedelta(0) <= Posting.objects.get(source_ref="till-1").occurred_at - NOW < timedelta(minutes=1)
        )

    def test_the_posting_says_which_system_at_which_outlet(self, till, payment, story):
        make_outlet(story.mall, "SHOP-7")

        assert till.post("redemptions", {**payment, "outlet": "SHOP-7"}).status_code == 201

        assert Posting.objects.get(source_ref="till-1").actor == f"partner:{till.key.prefix}@SHOP-7"

    def test_the_same_receipt_under_another_key_pays_once(self, till, payment, story):
        first = till.post("redemptions", payment)

        second = till.post("redemptions", payment)

        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json() == second.json()
        assert balance(story.member, story.hotel_program) == 300

    def test_the_same_key_hears_the_first_answer_again(self, till, payment):
        first = till.post("redemptions", payment, key="k")

        second = till.post("redemptions", payment, key="k")

        assert (second.status_code, second.content) == (201, first.content)
        assert second["Idempotency-Replayed"] == "true"

    def test_a_key_is_needed(self, till, payment):
        response = till.client.post("/partner/v1/redemptions", payment, format="json")

        told(response, 400, "idempotency_key_missing")

    def test_a_reference_of_another_redemption_is_refused(self, till, payment):
        till.post("redemptions", {**payment, "points": 10})

        problem = told(till.post("redemptions", {**payment, "points": 11}), 409, "reference_reused")

        assert problem["source_ref"] == "till-1"

    def test_a_moved_wallet_answers_with_the_new_quote_which_then_pays(self, till, order, payment, story):
        quote = till.post("redemption-quotes", order).json()["quote"]
        give(story.member, story.mall_program, 100)

        problem = told(till.post("redemptions", {**payment, "quote": quote}), 409, "quote_changed")

        assert problem["shares"] == [
            {"program": "MALL", "points": 700, "covers": 700},
            {"program": "HOTEL", "points": 150, "covers": 300},
        ]
        paid = till.post("redemptions", {**payment, "quote": problem["quote"]})
        assert paid.status_code == 201
        assert paid.json()["shares"] == problem["shares"]

    def test_an_old_quote_is_refused(self, till, order, payment, settings):
        quote = till.post("redemption-quotes", order).json()["quote"]
        settings.LOYALTY_FAKE_NOW = (NOW + timedelta(minutes=6)).isoformat()

        told(till.post("redemptions", {**payment, "quote": quote}), 409, "quote_expired")

    @pytest.mark.parametrize("forged", ["x", "a:b:c", "积分:1:2", "." * 4096])
    def test_a_forged_quote_is_refused(self, till, payment, forged):
        told(till.post("redemptions", {**payment, "quote": forged}), 409, "quote_expired")

    def test_points_that_are_not_there_are_not_spent(self, till, payment, story):
        told(till.post("redemptions", {**payment, "points": 1601}), 409, "insufficient_points")

        assert balance(story.member, story.mall_program) == 600

    def test_a_refusal_frees_the_key_for_another_try(self, till, payment, story):
        told(till.post("redemptions", {**payment, "points": 1601}, key="k"), 409, "insufficient_points")
        give(story.member, story.mall_program, 1)

        assert till.post("redemptions", {**payment, "points": 1601}, key="k").status_code == 201

    @pytest.mark.parametrize("status", [MemberStatus.FROZEN, MemberStatus.CLOSED])
    def test_a_member_who_is_not_active_spends_nothing(self, till, payment, story, status):
        story.member.status = status
        story.member.save()

        told(till.post("redemptions", payment), 409, "member_not_active")

    def test_an_inactive_unit_honours_nothing(self, till, payment, story):
        story.mall.is_active = False
        story.mall.save()

        told(till.post("redemptions", payment), 409, "unit_not_active")

    def test_an_inactive_program_prices_nothing(self, till, payment, story):
        story.mall_program.is_active = False
        story.mall_program.save()

        told(till.post("redemptions", payment), 409, "program_not_active")

    def test_a_redemption_costs_nine_queries(self, till, payment, django_assert_max_num_queries):
        # key, its units, stored answer?, claim, member, programs, the kernel, its posting, the stored answer;
        # and the four words of a transaction in a transaction.
        with django_assert_max_num_queries(9 + 2):
            assert till.post("redemptions", payment).status_code == 201


class TestLookingUp:
    def test_a_redemption_can_be_read_again(self, till, payment):
        receipt = till.post("redemptions", payment).json()

        response = till.get(f"redemptions/{receipt['id']}")

        assert (response.status_code, response.json()) == (200, receipt)

    def test_another_units_redemption_looks_like_an_absent_one(self, till, payment, story):
        receipt = till.post("redemptions", payment).json()
        other = Till([story.hotel])

        absent = told(other.get("redemptions/01950000-0000-7000-8000-000000000001"), 404, "not_found")
        foreign = told(other.get(f"redemptions/{receipt['id']}"), 404, "not_found")

        assert {**absent, "instance": ""} == {**foreign, "instance": ""}

    def test_an_accrual_is_no_redemption(self, till, story):
        accrual = Posting.objects.get(source_ref="r1")

        told(till.get(f"redemptions/{accrual.pk}"), 404, "not_found")

    def test_an_id_that_is_none_is_not_found(self, till):
        assert till.get("redemptions/1%20OR%201=1").status_code == 404

    def test_looking_up_costs_five_queries(self, till, payment, django_assert_num_queries):
        receipt = till.post("redemptions", payment).json()

        with django_assert_num_queries(5):  # key, its units, no hold, the posting, the programs
            till.get(f"redemptions/{receipt['id']}")


class TestWhoAndWhere:
    def test_without_a_key_nothing_opens(self, client, payment):
        response = client.post("/partner/v1/redemptions", payment, content_type="application/json")

        assert response.status_code == 401

    def test_a_key_acts_for_its_own_units_only(self, story, payment):
        make_unit("OFFICE", "office")
        till = Till([story.hotel])

        told(till.post("redemptions", {**payment, "unit": "MALL"}), 404, "not_found")
        problem = told(till.post("redemptions", {**payment, "unit": "NOWHERE"}), 404, "not_found")
        assert problem["field"] == "unit"

    def test_a_key_of_several_units_says_where(self, story, payment):
        till = Till([story.mall, story.hotel])

        problem = told(till.post("redemptions", payment), 400, "invalid_request")
        assert problem["errors"][0]["field"] == "unit"
        assert till.post("redemptions", {**payment, "unit": "HOTEL"}).json()["unit"] == "HOTEL"

    def test_an_outlet_of_another_unit_is_not_found(self, till, order, payment, story):
        make_outlet(story.hotel, "LOBBY")

        told(till.post("redemption-quotes", {**order, "outlet": "LOBBY"}), 404, "not_found")
        problem = told(till.post("redemptions", {**payment, "outlet": "LOBBY"}), 404, "not_found")
        assert problem["field"] == "outlet"

    @pytest.mark.parametrize(
        "ref",
        [
            {"id": "01950000-0000-7000-8000-000000000001"},
            {"id": "not an id"},
            {"number": "999999999999"},
            {"phone": "+8613800000000"},
            {"card": "C-1"},
            {"plate": "沪A12345"},
        ],
    )
    def test_an_unknown_member_is_not_found(self, till, payment, ref):
        problem = told(till.post("redemptions", {**payment, "member": ref}), 404, "not_found")

        assert problem["field"] == "member"

    def test_an_unknown_program_is_not_found(self, till, payment):
        problem = told(till.post("redemptions", {**payment, "program": "NOWHERE"}), 404, "not_found")

        assert problem["field"] == "program"


class TestHostileBodies:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("points", 0), ("points", -5), ("points", 10**9 + 1), ("points", 1.0), ("points", "10"),
            ("points", "１０"), ("points", True), ("points", None), ("points", [10]), ("points", 10**40),
            ("member", {}), ("member", "x"), ("member", []), ("member", {"id": "x", "number": "y"}),
            ("member", {"id": 5}), ("member", {"name": "x"}), ("member", {"phone": ""}), ("member", None),
            ("program", ""), ("program", "M" * 25), ("program", ["MALL"]), ("program", " MALL"),
            ("source_ref", ""), ("source_ref", "x" * 129), ("source_ref", "a\nb"), ("source_ref", 7),
            ("capture", "true"), ("capture", 1), ("capture", None), ("capture", "yes"), ("capture", []),
            ("quote", ""), ("quote", 5), ("quote", "x" * 4097), ("unit", 5), ("unit", ""), ("outlet", {}),
            ("occurred_at", "2020-01-01T00:00:00Z"), ("status", "captured"), ("shares", []),
        ],
    )  # fmt: skip
    def test_a_body_that_does_not_fit_is_refused_and_names_the_field(
        self, till, payment, story, field, value
    ):
        problem = told(till.post("redemptions", {**payment, field: value}), 400, "invalid_request")

        assert {error["field"].split(".")[0] for error in problem["errors"]} == {field}
        assert balance(story.member, story.mall_program) == 600

    @pytest.mark.parametrize("missing", ["member", "program", "points", "source_ref", "capture"])
    def test_a_missing_field_is_named(self, till, payment, missing):
        del payment[missing]

        problem = told(till.post("redemptions", payment), 400, "invalid_request")

        assert [error["field"] for error in problem["errors"]] == [missing]

    @pytest.mark.parametrize("odd", ["'; DROP TABLE x; --", "%00", "🀄", "{{7*7}}", "../..", "\u202egnp"])
    def test_odd_references_are_text_or_refused_never_an_error(self, till, payment, odd):
        assert till.post("redemptions", {**payment, "source_ref": odd, "points": 1}).status_code in {201, 400}


def test_another_members_points_stay_untouched(till, payment, story):
    other = make_member()
    give(other, story.mall_program, 5000)

    till.post("redemptions", payment)

    assert balance(other, story.mall_program) == 5000
