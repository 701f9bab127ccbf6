"""A price at the till that is held first: captured, let go, timed out, looked up."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from members.models import MemberStatus
from points.models import Hold, Lot, Posting, PostingKind
from points.selectors.audit import audit
from points.tasks import time_out_holds
from tests.factories import balance, give, make_outlet
from tests.points.api.conftest import Till, act, look
from tests.points.api.test_partner import SHARES, told

pytestmark = pytest.mark.django_db
# 700 of the 1,000: 600 mall points, then 50 hotel points for the last 100.
SHARES_OF_700 = [
    {"program": "MALL", "points": 600, "covers": 600},
    {"program": "HOTEL", "points": 50, "covers": 100},
]


def reserved():
    return sum(Lot.objects.values_list("held", flat=True))


class TestHolding:
    def test_a_held_price_takes_nothing_and_keeps_it_from_others(self, till, held, payment, story):
        hold = Hold.objects.get()
        assert held == {
            "id": str(hold.pk),
            "status": "held",
            "unit": "MALL",
            "source_ref": "till-1",
            "member": {"id": str(story.member.pk), "number": story.member.number},
            "program": "MALL",
            "points": 1000,
            "shares": SHARES,
            "held_points": 1000,
            "held_at": hold.held_at.isoformat(),
            "expires_at": hold.expires_at.isoformat(),
            "occurred_at": None,
            "posting": None,
            "reversed_points": 0,
        }
        assert balance(story.member, story.mall_program) == 600
        problem = told(till.post("redemptions", {**payment, "source_ref": "x"}), 409, "insufficient_points")
        assert problem["short"] == 400

    def test_a_hold_lives_fifteen_minutes(self, held):
        assert datetime.fromisoformat(held["expires_at"]) - datetime.fromisoformat(held["held_at"]) == (
            timedelta(minutes=15)
        )

    def test_a_hold_takes_what_the_quote_showed_or_nothing(self, till, order, sale, story):
        quote = till.post("redemption-quotes", order).json()["quote"]
        give(story.member, story.mall_program, 100)

        problem = told(till.post("redemptions", {**sale, "quote": quote}), 409, "quote_changed")

        assert reserved() == 0
        again = till.post("redemptions", {**sale, "quote": problem["quote"]})
        assert again.json()["shares"] == problem["shares"]

    def test_the_same_receipt_under_another_key_holds_once(self, till, sale, held):
        again = till.post("redemptions", sale)

        assert (again.status_code, again.json()) == (200, held)
        assert reserved() == 800

    def test_a_receipt_asked_again_says_what_became_of_it(self, till, sale, held):
        act(till, held, "capture", {"points": 700})

        again = till.post("redemptions", sale)

        assert (again.status_code, again.json()["status"], again.json()["points"]) == (200, "captured", 700)

    def test_what_was_held_stays_held_after_the_quote_died_and_the_member_froze(
        self, till, order, sale, story, later
    ):
        sale = {**sale, "quote": till.post("redemption-quotes", order).json()["quote"]}
        first = till.post("redemptions", sale).json()
        later(minutes=6)
        story.member.status = MemberStatus.FROZEN
        story.member.save()

        again = till.post("redemptions", sale)

        assert (again.status_code, again.json()) == (200, first)
        told(till.post("redemptions", {**sale, "source_ref": "x"}), 409, "member_not_active")
        told(till.post("redemptions", {**sale, "points": 900}), 409, "member_not_active")

    def test_a_held_receipt_is_not_paid_a_second_time_at_once(self, till, payment, held):
        told(till.post("redemptions", payment), 409, "reference_reused")

    def test_the_hold_says_which_system_at_which_outlet(self, till, sale, story):
        make_outlet(story.mall, "SHOP-7")

        till.post("redemptions", {**sale, "outlet": "SHOP-7"})

        assert Hold.objects.get().actor == f"partner:{till.key.prefix}@SHOP-7"

    def test_a_hold_costs_no_more_queries_than_a_payment(self, till, sale, django_assert_max_num_queries):
        with django_assert_max_num_queries(9 + 2):
            assert till.post("redemptions", sale).status_code == 201


class TestCapture:
    def test_all_that_is_held_is_spent(self, till, held, story):
        response = act(till, held, "capture")

        posting = Posting.objects.get(kind=PostingKind.REDEMPTION)
        assert response.status_code == 201
        assert response.json() == {
            **held,
            "status": "captured",
            "occurred_at": posting.occurred_at.isoformat(),
            "posting": str(posting.pk),
        }
        assert balance(story.member, story.hotel_program) == 300
        assert reserved() == 0
        assert audit().is_clean

    def test_a_part_is_spent_and_the_rest_let_go(self, till, held, story):
        receipt = act(till, held, "capture", {"points": 700}).json()

        assert (receipt["points"], receipt["held_points"], receipt["shares"]) == (700, 1000, SHARES_OF_700)
        assert balance(story.member, story.hotel_program) == 450
        assert reserved() == 0

    def test_more_than_was_held_is_refused(self, till, held):
        problem = told(act(till, held, "capture", {"points": 1001}), 409, "capture_exceeds_hold")

        assert (problem["held"], problem["asked"]) == (1000, 1001)
        assert look(till, held)["status"] == "held"

    @pytest.mark.parametrize("body", [{}, {"points": 700}])
    def test_capturing_again_is_capturing_once(self, till, held, body):
        first = act(till, held, "capture", body)

        again = act(till, held, "capture", body)

        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        assert Posting.objects.filter(kind=PostingKind.REDEMPTION).count() == 1

    def test_the_same_key_hears_the_first_answer_again(self, till, held):
        first = act(till, held, "capture", key="k")

        again = act(till, held, "capture", key="k")

        assert (again.status_code, again.content) == (201, first.content)
        assert again["Idempotency-Replayed"] == "true"

    def test_another_price_for_a_captured_hold_is_refused(self, till, held):
        act(till, held, "capture", {"points": 700})

        told(act(till, held, "capture", {"points": 701}), 409, "reference_reused")

    @pytest.mark.parametrize("swept", [False, True])
    def test_a_hold_past_its_time_is_not_captured(self, till, held, later, swept):
        later(minutes=15, seconds=1)
        if swept:
            time_out_holds()

        told(act(till, held, "capture"), 409, "hold_not_open")

        assert look(till, held)["status"] == "timed_out"

    def test_the_posting_says_who_captured(self, till, held, story):
        make_outlet(story.mall, "DESK")

        act(till, held, "capture", {"outlet": "DESK"})

        assert Posting.objects.get(source_ref="till-1").actor == f"partner:{till.key.prefix}@DESK"

    def test_a_payment_made_at_once_is_no_hold(self, till, payment):
        receipt = till.post("redemptions", payment).json()

        told(act(till, receipt, "capture"), 404, "hold_not_found")
        told(act(till, receipt, "void"), 404, "hold_not_found")

    def test_a_capture_costs_ten_queries(self, till, held, django_assert_max_num_queries):
        # key, its units, stored answer?, claim, the hold, the kernel, its posting, the record, the programs,
        # the stored answer; and the words of a transaction in a transaction.
        with django_assert_max_num_queries(10 + 2):
            assert act(till, held, "capture").status_code == 201


class TestVoid:
    def test_what_was_held_is_let_go(self, till, held, payment, story):
        response = act(till, held, "void")

        assert (response.status_code, response.json()) == (200, {**held, "status": "voided"})
        assert reserved() == 0
        assert till.post("redemptions", {**payment, "source_ref": "x"}).status_code == 201

    def test_voiding_twice_is_voiding_once(self, till, held):
        first = act(till, held, "void")

        again = act(till, held, "void")

        assert (again.status_code, again.json()) == (200, first.json())

    def test_what_timed_out_stays_timed_out(self, till, held, later):
        later(minutes=16)
        time_out_holds()

        assert act(till, held, "void").json()["status"] == "timed_out"

    def test_a_captured_hold_is_not_voided(self, till, held):
        act(till, held, "capture")

        told(act(till, held, "void"), 409, "hold_not_open")

    def test_a_voided_hold_is_not_captured(self, till, held):
        act(till, held, "void")

        told(act(till, held, "capture"), 409, "hold_not_open")

    def test_a_void_without_a_body_is_a_void(self, till, held):
        path = f"/partner/v1/redemptions/{held['id']}/void"

        assert till.client.post(path, headers={"Idempotency-Key": "k"}).status_code == 200


class TestLookingUp:
    def test_each_step_is_told(self, till, held):
        assert look(till, held) == held

        captured = act(till, held, "capture").json()

        assert look(till, held) == captured
        assert look(till, {"id": captured["posting"]}) == captured

    def test_a_hold_nobody_answered_has_timed_out_whether_or_not_the_sweep_has_run(self, till, held, later):
        later(minutes=15)
        before = look(till, held)
        assert time_out_holds()["holds"] == 1

        assert before == look(till, held) == {**held, "status": "timed_out"}

    def test_looking_a_captured_hold_up_costs_four_queries(self, till, held, django_assert_num_queries):
        act(till, held, "capture")

        with django_assert_num_queries(4):  # key, its units, the hold and all of it, the programs
            look(till, held)


class TestWho:
    VERBS = [("capture", {}), ("void", {}), ("reverse", {"source_ref": "b"})]

    @pytest.mark.parametrize(("verb", "body"), VERBS)
    def test_another_units_hold_looks_like_an_absent_one(self, story, held, verb, body):
        other = Till([story.hotel])

        absent = act(other, {"id": uuid4()}, verb, body)
        foreign = act(other, held, verb, body)

        assert absent.status_code == 404
        assert {**absent.json(), "instance": ""} == {**foreign.json(), "instance": ""}
        assert Hold.objects.get().status == "open"

    @pytest.mark.parametrize("paid", [True, False])
    def test_another_units_payment_is_not_given_back(self, till, payment, story, paid):
        receipt = till.post("redemptions", {**payment, "capture": paid}).json()
        posting = receipt["posting"] or act(till, receipt, "capture").json()["posting"]
        other = Till([story.hotel])

        for record in (receipt["id"], posting):
            told(act(other, {"id": record}, "reverse", {"source_ref": "b"}), 404, "not_reversible")
            told(other.get(f"redemptions/{record}"), 404, "not_found")

    @pytest.mark.parametrize(("verb", "body"), VERBS)
    def test_each_act_needs_its_scope_and_a_key(self, till, story, held, verb, body):
        told(act(Till([story.mall], scopes=["points:quote"]), held, verb, body), 403, "scope_missing")

        path = f"/partner/v1/redemptions/{held['id']}/{verb}"
        told(till.client.post(path, body, format="json"), 400, "idempotency_key_missing")

    @pytest.mark.parametrize(("verb", "body"), VERBS)
    def test_a_request_that_names_a_unit_touches_that_units_redemptions_only(self, story, held, verb, body):
        both = Till([story.mall, story.hotel])

        assert act(both, held, verb, {**body, "unit": "HOTEL"}).status_code == 404
        assert act(both, held, verb, {**body, "unit": "NOWHERE"}).status_code == 404
        assert act(both, held, "void", {"unit": "MALL"}).status_code == 200

    @pytest.mark.parametrize(("verb", "body"), VERBS)
    def test_an_unknown_outlet_is_refused(self, till, held, verb, body):
        told(act(till, held, verb, {**body, "outlet": "NOWHERE"}), 404, "not_found")

    @pytest.mark.parametrize(
        ("verb", "body"),
        [
            ("capture", {"points": 0}), ("capture", {"points": "7"}), ("capture", {"points": None}),
            ("capture", {"points": 1.0}), ("capture", {"source_ref": "x"}), ("capture", []),
            ("void", {"points": 5}), ("void", "x"), ("void", {"unit": 5}), ("void", {"unit": None}),
            ("reverse", {}), ("reverse", {"source_ref": ""}), ("reverse", {"source_ref": "b", "points": -1}),
            ("reverse", {"source_ref": "b", "points": 10**9 + 1}),
            ("reverse", {"source_ref": "b", "shares": []}),
        ],
    )  # fmt: skip
    def test_a_body_that_does_not_fit_is_refused(self, till, held, verb, body):
        response = till.post(f"redemptions/{held['id']}/{verb}", body)

        assert response.status_code == 400, response.content
        assert look(till, held) == held
