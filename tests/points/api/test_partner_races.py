"""Many tills at once: one receipt pays once, and nobody spends what is not there."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from points.models import Posting, PostingKind
from tests.factories import balance, give

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
THREADS = 8


def at_once(calls):
    def run(call):
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, calls))


def told(answer):
    return answer.json().get("code", str(answer.status_code))


def test_one_receipt_under_many_keys_at_once_pays_once(till, payment, story):
    answers = at_once([lambda: till.post("redemptions", payment)] * 16)

    assert sorted(told(answer) for answer in answers) == ["200"] * 15 + ["201"]
    assert len({answer.content for answer in answers}) == 1
    assert balance(story.member, story.hotel_program) == 300


def test_one_key_at_once_is_answered_once(till, payment, story):
    answers = at_once([lambda: till.post("redemptions", payment, key="k")] * 16)

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert sum("Idempotency-Replayed" not in answer and answer.status_code == 201 for answer in answers) == 1
    assert Posting.objects.filter(kind=PostingKind.REDEMPTION).count() == 1


def test_a_wallet_that_covers_ten_pays_ten_of_forty(till, payment, story):
    give(story.member, story.mall_program, 400)  # with the 600: ten times 100
    story.hotel_program.rates_out.all().delete()

    answers = at_once(
        [
            lambda n=n: till.post("redemptions", {**payment, "points": 100, "source_ref": f"r-{n}"})
            for n in range(40)
        ]
    )

    codes = [answer.status_code for answer in answers]
    assert (codes.count(201), codes.count(409)) == (10, 30)
    assert balance(story.member, story.mall_program) == 0
