"""What was paid at the till comes back: wholly, in parts, once."""

import pytest
from rest_framework.test import APIClient

from members.services.tokens import issue_member_token
from points.models import Posting, PostingKind
from points.selectors.audit import audit
from tests.factories import LONG_AGO, NOW, balance
from tests.points.api.conftest import act, look
from tests.points.api.test_partner import SHARES, told

pytestmark = pytest.mark.django_db


class TestReverse:
    @pytest.fixture
    def paid(self, till, payment):
        return till.post("redemptions", payment).json()

    def test_all_comes_back_where_it_came_from(self, till, paid, story):
        response = act(till, paid, "reverse", {"source_ref": "back-1"})

        posting = Posting.objects.get(kind=PostingKind.REVERSAL)
        assert response.status_code == 201
        assert response.json() == {
            "id": str(posting.pk),
            "redemption": paid["id"],
            "unit": "MALL",
            "source_ref": "back-1",
            "member": paid["member"],
            "program": "MALL",
            "points": 1000,
            "shares": SHARES,
            "occurred_at": posting.occurred_at.isoformat(),
        }
        assert str(posting.reverses) == paid["posting"]
        assert balance(story.member, story.mall_program) == 600
        assert balance(story.member, story.hotel_program) == 500
        assert look(till, paid) == {**paid, "reversed_points": 1000}
        assert audit().is_clean

    def test_parts_add_up_and_the_rest_is_what_still_stands(self, till, paid, story):
        first = act(till, paid, "reverse", {"source_ref": "back-1", "points": 300}).json()
        rest = act(till, paid, "reverse", {"source_ref": "back-2"}).json()

        assert (first["points"], rest["points"]) == (300, 700)
        assert balance(story.member, story.hotel_program) == 500
        told(act(till, paid, "reverse", {"source_ref": "back-3"}), 409, "reversal_exceeds_original")

    def test_more_than_was_paid_does_not_come_back(self, till, paid, story):
        body = {"source_ref": "back-1", "points": 1001}

        problem = told(act(till, paid, "reverse", body), 409, "reversal_exceeds_original")

        assert problem["asked"] == 1001
        assert balance(story.member, story.mall_program) == 0

    @pytest.mark.parametrize("points", [{}, {"points": 1000}, {"points": 10}])
    def test_the_same_refund_under_another_key_gives_back_once(self, till, paid, points, story):
        body = {"source_ref": "back-1", **points}
        first = act(till, paid, "reverse", body)

        again = act(till, paid, "reverse", body)

        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        assert Posting.objects.filter(kind=PostingKind.REVERSAL).count() == 1

    def test_a_refunds_reference_stands_for_one_redemption(self, till, paid, payment):
        other = till.post("redemptions", {**payment, "source_ref": "till-2", "points": 10}).json()
        act(till, paid, "reverse", {"source_ref": "back-1", "points": 10})

        for points in ({}, {"points": 10}):
            told(act(till, other, "reverse", {"source_ref": "back-1", **points}), 409, "reference_reused")

    def test_a_captured_hold_is_reversed_by_its_own_id_or_its_postings(self, till, held, story):
        captured = act(till, held, "capture", {"points": 700}).json()

        by_hold = act(till, held, "reverse", {"source_ref": "back-1", "points": 200}).json()
        by_posting = act(till, {"id": captured["posting"]}, "reverse", {"source_ref": "back-2"}).json()

        assert by_hold["shares"] == [
            {"program": "MALL", "points": 100, "covers": 100},
            {"program": "HOTEL", "points": 50, "covers": 100},
        ]
        assert (by_hold["redemption"], by_posting["redemption"]) == (held["id"], held["id"])
        assert by_posting["points"] == 500
        assert balance(story.member, story.mall_program) == 600
        assert look(till, {"id": captured["posting"]}) == {**captured, "reversed_points": 700}

    @pytest.mark.parametrize("verb", [None, "void"])
    def test_what_was_never_captured_has_nothing_to_give_back(self, till, held, verb):
        if verb:
            act(till, held, verb)

        told(act(till, held, "reverse", {"source_ref": "back-1"}), 409, "hold_not_captured")

        assert not Posting.objects.filter(kind=PostingKind.REVERSAL).exists()

    def test_a_reversal_is_no_redemption(self, till, paid):
        back = act(till, paid, "reverse", {"source_ref": "back-1"}).json()

        told(till.get(f"redemptions/{back['id']}"), 404, "not_found")
        told(act(till, back, "reverse", {"source_ref": "back-2"}), 404, "not_reversible")

    def test_an_accrual_is_not_reversed_here(self, till, story):
        accrual = Posting.objects.get(source_ref="r1")

        told(act(till, {"id": accrual.pk}, "reverse", {"source_ref": "b"}), 404, "not_reversible")

    def test_too_little_for_a_whole_point_of_another_program_comes_back_with_the_next_part(
        self, till, paid, story
    ):
        # 1 hotel point covers 2 of the price.
        answers = [
            act(till, paid, "reverse", {"source_ref": f"back-{n}", "points": 1}).json() for n in range(2)
        ]

        assert [answer["shares"] for answer in answers] == [
            [],
            [{"program": "HOTEL", "points": 1, "covers": 1}],
        ]
        assert balance(story.member, story.hotel_program) == 301
        _row, token = issue_member_token(
            member=story.member, by="test", at=LONG_AGO, lifetime=2 * (NOW - LONG_AGO)
        )
        told_to_me = APIClient(headers={"Authorization": f"Bearer {token}"}).get(
            "/api/v1/me/postings?kind=reversal"
        )
        assert [line["shares"] for line in told_to_me.json()["results"]] == [
            [{"program": "HOTEL", "points": 1, "covers": 1}],
            [],
        ]
        assert audit().is_clean

    def test_the_statement_tells_what_came_back(self, till, paid):
        act(till, paid, "reverse", {"source_ref": "back-1", "points": 500})

        (again,) = Posting.objects.filter(kind=PostingKind.REVERSAL)

        assert again.actor == f"partner:{till.key.prefix}"
        assert sum(again.entries.values_list("points", flat=True)) == 300

    def test_a_reversal_costs_eleven_queries(self, till, paid, django_assert_max_num_queries):
        # key, its units, stored answer?, claim, no hold, the redemption, what stands, the kernel, its
        # posting, the programs, the stored answer; and the words of a transaction in a transaction.
        with django_assert_max_num_queries(11 + 2):
            act(till, paid, "reverse", {"source_ref": "back-1"})
