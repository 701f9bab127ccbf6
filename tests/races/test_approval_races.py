"""Many at one limit, one request, one rate book: the limit is exact, a request is posted once.

Each test was seen red without its guard: the lock of the person, the lock of the request, that of the book.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from common.clock import uuid7
from points.models import AdjustmentLimit, AdjustmentRequest, ExchangeRate, Posting
from points.selectors.adjustments import posted_alone_today
from points.selectors.audit import audit
from points.services.adjusting import Reason, approve_adjustment, request_adjustment, withdraw_adjustment
from points.services.approvals import AlreadyDecided
from points.services.rates import RatesGain, RateTerms, approve_rate, propose_rate
from tests.factories import NOW, balance, give, make_member, make_program, make_unit
from tests.operators import make_operator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
WHY = Reason("missing", "The till was offline.")


def at_once(threads, jobs):
    """The answers of the jobs, run on `threads` threads that start together, each on its own connection."""
    gate = Barrier(threads)

    def worker(mine):
        gate.wait()
        try:
            return [job() for job in mine]
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        parts = [jobs[i::threads] for i in range(threads)]
        return [answer for part in pool.map(worker, parts) for answer in part]


def operator(name, **limits):
    person = make_operator(name=name)
    group = Group.objects.create(name=name)
    AdjustmentLimit.objects.create(group=group, **limits)
    person.groups.add(group)
    return person


def asking(by, member, program, points, request_id=None):
    return lambda: request_adjustment(
        member=member,
        program=program,
        unit=program.owner,
        points=points,
        reason=WHY,
        by=by,
        at=NOW,
        request_id=request_id,
    )


def outcome_of(operation):
    def job():
        try:
            operation()
        except AlreadyDecided:
            return "too late"
        except RatesGain:
            return "gains"
        return "done"

    return job


def test_fifty_small_ones_at_once_never_pass_the_limit_of_a_day():
    desk = operator("DESK", alone_max=100, alone_day_max=1000)
    programs = [make_program(owner=make_unit()) for _ in range(5)]
    members = [make_member() for _ in range(10)]
    for member in members:
        for program in programs:
            give(member, program, 60)

    asked = [asking(desk, members[n % 10], programs[n // 10], 60 if n % 2 else -60) for n in range(50)]
    states = Counter(request.state for request in at_once(10, asked))

    # 16 times 60 is 960: a seventeenth would pass 1,000.
    assert states == {"posted": 16, "asked": 34}
    assert posted_alone_today(desk, at=NOW) == 960
    assert audit().is_clean


def test_a_form_sent_ten_times_at_once_is_one_request():
    desk = operator("DESK", alone_max=100, alone_day_max=1000)
    program, member = make_program(owner=make_unit()), make_member()
    send = asking(desk, member, program, 100, request_id=uuid7())

    answers = at_once(10, [send] * 10)

    assert len({request.posting_id for request in answers}) == 1
    assert (balance(member, program), AdjustmentRequest.objects.count()) == (100, 1)


def test_ten_approvals_at_once_post_once():
    desk = operator("DESK")
    bosses = [operator(f"BOSS{n}", approve_max=5000) for n in range(10)]
    program, member = make_program(owner=make_unit()), make_member()
    request = asking(desk, member, program, 700)()

    answers = at_once(
        10,
        [outcome_of(lambda b=boss: approve_adjustment(request=request, by=b, at=NOW)) for boss in bosses],
    )

    assert Counter(answers) == {"done": 1, "too late": 9}
    assert (balance(member, program), Posting.objects.count()) == (700, 1)


def test_what_is_withdrawn_while_it_is_approved_ends_in_one_way():
    desk, boss = operator("DESK"), operator("BOSS", approve_max=5000)
    program, member = make_program(owner=make_unit()), make_member()
    for _ in range(10):
        request, before = asking(desk, member, program, 7)(), balance(member, program)

        answers = at_once(
            2,
            [
                outcome_of(lambda r=request: approve_adjustment(request=r, by=boss, at=NOW)),
                outcome_of(lambda r=request: withdraw_adjustment(request=r, by=desk, at=NOW)),
            ],
        )

        request.refresh_from_db()
        assert Counter(answers) == {"done": 1, "too late": 1}
        assert balance(member, program) - before == (7 if request.state == "posted" else 0)


def test_two_rates_that_gain_together_are_not_both_approved_at_once():
    maker, checkers = make_operator(name="MAKER"), [make_operator(name=f"CHECKER{n}") for n in range(2)]
    for _ in range(5):
        one, two = make_program(), make_program()
        proposals = [
            propose_rate(
                source=source,
                target=target,
                terms=RateTerms(numerator=3, denominator=2, starts_at=None, ends_at=None),
                is_successor=False,
                by=maker,
                at=NOW,
            )
            for source, target in ((one, two), (two, one))
        ]

        answers = at_once(
            2,
            [
                outcome_of(lambda p=proposal, b=checker: approve_rate(proposal=p, by=b, at=NOW))
                for proposal, checker in zip(proposals, checkers, strict=True)
            ],
        )

        assert Counter(answers) == {"done": 1, "gains": 1}
        assert ExchangeRate.objects.filter(source__in=[one, two]).count() == 1
