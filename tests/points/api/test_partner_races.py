"""Many tills at once: one receipt pays once, one hold ends once, and nobody spends what is not there."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from points.models import Hold, Lot, Posting, PostingKind
from points.selectors.audit import audit
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


def hold(till, payment, **fields):
    return till.post("redemptions", {**payment, "capture": False, **fields})


def reserved():
    return sum(Lot.objects.values_list("held", flat=True))


def test_one_receipt_at_many_tills_holds_once(till, payment):
    answers = at_once([lambda: hold(till, payment)] * 12)

    assert sorted(told(answer) for answer in answers) == ["200"] * 11 + ["201"]
    assert len({answer.content for answer in answers}) == 1
    assert reserved() == 800


def test_of_six_holds_of_1000_on_5000_five_stand(till, payment, story):
    give(story.member, story.mall_program, 4400)
    story.hotel_program.rates_out.all().delete()

    answers = at_once([lambda n=n: hold(till, payment, source_ref=f"r-{n}") for n in range(6)])

    assert sorted(told(answer) for answer in answers) == ["201"] * 5 + ["insufficient_points"]
    assert reserved() == 5000


def test_a_hold_captured_and_voided_at_once_ends_one_way(till, payment, story):
    give(story.member, story.mall_program, 4000)
    holds = [hold(till, payment, points=100, source_ref=f"r-{n}").json()["id"] for n in range(8)]

    answers = at_once(
        [
            lambda of=of, verb=verb: till.post(f"redemptions/{of}/{verb}", {})
            for of in holds
            for verb in ("capture", "void", "capture", "void")
        ]
    )

    assert {told(answer) for answer in answers} <= {"200", "201", "hold_not_open"}
    captured = sum(answer.status_code == 201 for answer in answers)
    assert captured == Posting.objects.filter(kind=PostingKind.REDEMPTION).count()
    assert captured == Hold.objects.filter(status="captured").count()
    assert Hold.objects.filter(status="voided").count() == 8 - captured
    assert (reserved(), balance(story.member, story.mall_program)) == (0, 4600 - 100 * captured)
    assert audit().is_clean


def test_two_tills_that_capture_different_parts_capture_one(till, payment, story):
    of = hold(till, payment).json()["id"]

    answers = at_once(
        [lambda n=n: till.post(f"redemptions/{of}/capture", {"points": 100 + n}) for n in range(8)]
    )

    assert sorted(told(answer) for answer in answers) == ["201"] + ["reference_reused"] * 7
    (winner,) = (answer.json() for answer in answers if answer.status_code == 201)
    assert balance(story.member, story.mall_program) == 600 - winner["points"]


def test_refunds_at_many_tills_never_give_back_more_than_was_paid(till, payment, story):
    of = till.post("redemptions", payment).json()["id"]

    answers = at_once(
        [
            lambda n=n: till.post(f"redemptions/{of}/reverse", {"source_ref": f"b-{n}", "points": 150})
            for n in range(12)
        ]
    )

    assert sorted(told(answer) for answer in answers) == ["201"] * 6 + ["reversal_exceeds_original"] * 6
    assert till.get(f"redemptions/{of}").json()["reversed_points"] == 900
    assert audit().is_clean


def test_all_that_still_stands_comes_back_though_parts_come_back_meanwhile(till, payment, story):
    of = till.post("redemptions", payment).json()["id"]
    parts = [{"source_ref": f"b-{n}", "points": 10} for n in range(20)]

    answers = at_once(
        [
            lambda body=body: till.post(f"redemptions/{of}/reverse", body)
            for body in [*parts[:6], {"source_ref": "rest"}, *parts[6:]]
        ]
    )

    assert answers[6].status_code == 201, answers[6].content
    given = sum(answer.json()["points"] for answer in answers if answer.status_code == 201)
    assert given == 1000
    assert balance(story.member, story.hotel_program) == 500
    assert balance(story.member, story.mall_program) == 600
