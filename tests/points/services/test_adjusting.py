"""Adjustments by hand: alone within a limit, else by two; once; splitting escapes no limit of a day."""

from datetime import timedelta
from decimal import Decimal

import psycopg2
import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from common.clock import uuid7
from common.errors import Forbidden
from points.models import AdjustmentLimit, AdjustmentRequest, Lot, Posting
from points.refusals import (
    InsufficientPoints,
    MemberNotActive,
    PointsOutOfRange,
    ProgramNotActive,
    ReferenceReused,
    UnitNotActive,
)
from points.selectors.adjustments import effect_of, limits_of, posted_alone_today
from points.selectors.audit import audit
from points.services.adjusting import (
    BeyondApprovalLimit,
    Reason,
    ReasonMissing,
    approve_adjustment,
    reject_adjustment,
    request_adjustment,
    withdraw_adjustment,
)
from points.services.approvals import AlreadyDecided, NotOwnRequest, OwnRequest, TextTooLong
from tests.factories import NOW, balance, give, make_member, make_program, make_unit
from tests.operators import grant, make_operator

pytestmark = pytest.mark.django_db
WHY = Reason("missing", "The till was offline.")


def make_role(name, *, alone=0, alone_day=0, approve=0):
    group = Group.objects.create(name=name)
    AdjustmentLimit.objects.create(group=group, alone_max=alone, alone_day_max=alone_day, approve_max=approve)
    return group


def operator(name, *groups):
    person = grant(make_operator(superuser=False, name=name), "can_ask_adjustment", "can_approve_adjustment")
    person.groups.set(groups)
    return person


@pytest.fixture
def desk():
    """May adjust 100 alone, 250 a day; may approve nothing."""
    return operator("DESK", make_role("DESK", alone=100, alone_day=250))


@pytest.fixture
def boss():
    return operator("BOSS", make_role("BOSS", approve=5000))


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALL", owner=mall, expiry_kind="days", expiry_count=30)


@pytest.fixture
def ask(mall, program):
    def asking(by, points, *, member=None, reason=WHY, at=NOW, **told):
        return request_adjustment(
            member=member or make_member(),
            **{"program": program, "unit": mall} | told,
            points=points,
            reason=reason,
            by=by,
            at=at,
        )

    return asking


def test_within_the_limit_it_is_posted_at_once(desk, ask, program):
    member = make_member()

    request = ask(desk, 100, member=member)

    lot = Lot.objects.get()
    assert (request.state, request.decided_by, balance(member, program)) == ("posted", None, 100)
    assert (request.posting.kind, request.posting.actor) == ("adjustment", f"user:{desk.pk}")
    assert request.posting.source_ref == f"adjustment:{request.pk}"
    assert request.posting.detail["reason"] == "missing"
    assert (lot.unit_cost, lot.expires_at > NOW + timedelta(days=30)) == (program.unit_cost, True)
    assert audit().is_clean


def test_above_the_limit_it_waits_and_moves_nothing(desk, ask, program):
    member = make_member()

    request = ask(desk, 101, member=member)

    assert (request.state, balance(member, program)) == ("asked", 0)
    assert not Posting.objects.exists()


def test_a_second_person_posts_it_once(desk, boss, ask, program):
    member = make_member()
    request = ask(desk, 5000, member=member)

    done = approve_adjustment(request=request, by=boss, at=NOW, note="saw the slip")

    assert (done.state, done.decided_by, done.note) == ("posted", boss, "saw the slip")
    assert balance(member, program) == 5000
    assert done.posting.detail["approved_by"] == f"user:{boss.pk}"
    with pytest.raises(AlreadyDecided):
        approve_adjustment(request=request, by=boss, at=NOW)
    assert balance(member, program) == 5000


def test_points_are_taken_soonest_expiry_first(desk, ask, program):
    member = make_member()
    first = give(member, program, 60, occurred_at=NOW - timedelta(days=9))
    give(member, program, 60)

    ask(desk, -80, member=member)

    assert balance(member, program) == 40
    assert Lot.objects.get(posting=first).remaining == 0
    assert audit().is_clean


def test_what_is_not_there_is_not_taken_and_the_request_still_waits(desk, boss, ask, program):
    member = make_member()
    give(member, program, 150)
    request = ask(desk, -151, member=member)

    with pytest.raises(InsufficientPoints) as refused:
        approve_adjustment(request=request, by=boss, at=NOW)

    request.refresh_from_db()
    assert refused.value.facts == {"asked": 151, "short": 1, "program": "MALL"}
    assert (request.state, balance(member, program)) == ("asked", 150)


def test_what_cannot_be_taken_at_once_is_not_even_asked(desk, ask):
    with pytest.raises(InsufficientPoints):
        ask(desk, -50)

    assert not AdjustmentRequest.objects.exists()


def test_nobody_approves_or_rejects_their_own(boss, ask):
    request = ask(boss, 10)

    for act in (approve_adjustment, reject_adjustment):
        with pytest.raises(OwnRequest):
            act(request=request, by=boss, at=NOW)


@pytest.mark.parametrize("state", ["posted", "rejected"])
def test_not_even_past_the_service_does_one_person_decide_alone(boss, ask, state):
    ask(boss, 10)
    posting = uuid7() if state == "posted" else None

    with pytest.raises(IntegrityError, match="adjustment_is_decided_by_another"), transaction.atomic():
        AdjustmentRequest.objects.update(state=state, decided_by=boss, decided_at=NOW, posting_id=posting)


def test_what_was_decided_stays(desk, boss, ask):
    request = ask(desk, 1000)
    reject_adjustment(request=request, by=boss, at=NOW, note="no slip")

    for act in (approve_adjustment, reject_adjustment):
        with pytest.raises(AlreadyDecided):
            act(request=request, by=boss, at=NOW)
    for change in ({"state": "asked"}, {"points": 1}, {"note": ""}):
        with pytest.raises(IntegrityError, match="was decided"), transaction.atomic():
            AdjustmentRequest.objects.update(**change)
    with pytest.raises(IntegrityError, match="keeps what was asked"), transaction.atomic():
        request.delete()


def test_it_is_approved_as_it_was_asked(desk, ask):
    ask(desk, 1000)

    for change in ({"points": 9000}, {"member": make_member()}, {"asked_by": make_operator()}):
        with pytest.raises(IntegrityError, match="decided as it was asked"), transaction.atomic():
            AdjustmentRequest.objects.update(**change)


def test_nothing_is_written_down_as_posted_that_was_never_asked(desk, mall, program):
    with pytest.raises(IntegrityError, match="asked before it is decided"), transaction.atomic():
        AdjustmentRequest.objects.create(
            member=make_member(),
            program=program,
            unit=mall,
            points=1,
            category="other",
            reason="x",
            state="posted",
            asked_by=desk,
            asked_at=NOW,
            decided_at=NOW,
            posting_id=uuid7(),
        )


def test_one_posting_answers_one_request(desk, ask):
    first, _second = ask(desk, 10), ask(desk, 1000)

    with pytest.raises(IntegrityError, match="posting_id"), transaction.atomic():
        AdjustmentRequest.objects.filter(state="asked").update(
            state="posted", posting_id=first.posting_id, decided_at=NOW
        )


def test_only_who_asked_withdraws(desk, boss, ask):
    request = ask(desk, 1000)

    with pytest.raises(NotOwnRequest):
        withdraw_adjustment(request=request, by=boss, at=NOW)
    assert withdraw_adjustment(request=request, by=desk, at=NOW).state == "withdrawn"


def test_nobody_approves_more_than_their_role_may(desk, boss, ask, program):
    member = make_member()
    give(member, program, 9000)

    for points in (5001, -5001):
        with pytest.raises(BeyondApprovalLimit) as refused:
            approve_adjustment(request=ask(desk, points, member=member), by=boss, at=NOW)
        assert refused.value.facts == {"asked": 5001, "limit": 5000}

    assert reject_adjustment(request=ask(desk, 5001), by=boss, at=NOW).state == "rejected"


def test_splitting_does_not_escape_the_limit_of_a_day(desk, ask, mall):
    other = make_program("HOTEL", owner=make_unit("HOTEL"))
    member = make_member()

    states = [
        ask(desk, 100, member=member).state,
        ask(desk, -90, member=member).state,
        ask(desk, 60, program=other).state,
        ask(desk, 61, program=other).state,
        ask(desk, 60).state,
        ask(desk, 1).state,
    ]

    assert states == ["posted", "posted", "posted", "asked", "asked", "asked"]
    assert posted_alone_today(desk, at=NOW) == 250


def test_a_new_local_day_has_a_new_limit(desk, ask):
    """The group's day is Shanghai's: midnight is at 16:00 UTC."""
    before, after = NOW.replace(hour=15, minute=59), NOW.replace(hour=16, minute=0)
    for _ in range(2):
        ask(desk, 100, at=before)

    assert ask(desk, 51, at=before).state == "asked"
    assert ask(desk, 51, at=after).state == "posted"


def test_what_a_second_person_approved_counts_for_nobodys_day(desk, boss, ask):
    approve_adjustment(request=ask(desk, 1000), by=boss, at=NOW)

    assert posted_alone_today(desk, at=NOW) == posted_alone_today(boss, at=NOW) == 0


def test_without_a_group_with_limits_nothing_is_posted_alone_not_even_by_a_superuser(ask):
    assert ask(operator("NOVICE"), 1).state == "asked"
    assert ask(make_operator(name="ROOT"), 1).state == "asked"


def test_in_several_groups_the_largest_limit_holds(desk):
    desk.groups.add(make_role("NIGHT", alone=20, alone_day=900, approve=7))

    limits = limits_of(desk)

    assert (limits.alone, limits.alone_day, limits.approve) == (100, 900, 7)


@pytest.mark.parametrize("points", [0, 10**9 + 1, -(10**9) - 1, 2**63, 2**200])
def test_absurd_points_are_refused_by_name(desk, ask, points):
    with pytest.raises(PointsOutOfRange):
        ask(desk, points)

    assert not AdjustmentRequest.objects.exists()


def test_a_billion_waits_for_somebody_who_may_approve_it(desk, ask):
    assert ask(desk, 10**9).state == "asked"


@pytest.mark.parametrize("status", ["frozen", "closed"])
def test_a_member_who_is_not_active_is_refused_when_asked_and_when_approved(desk, boss, ask, status):
    member = make_member()
    request = ask(desk, 1000, member=member)
    member.status = status
    member.save()

    with pytest.raises(MemberNotActive):
        ask(desk, 1, member=member)
    with pytest.raises(MemberNotActive):
        approve_adjustment(request=request, by=boss, at=NOW)


def test_an_inactive_unit_or_program_is_refused_when_asked_and_when_approved(desk, boss, ask, mall, program):
    request = ask(desk, 1000)
    for row, refusal in ((mall, UnitNotActive), (program, ProgramNotActive)):
        row.is_active = False
        row.save()
        with pytest.raises(refusal):
            ask(desk, 1)
        with pytest.raises(refusal):
            approve_adjustment(request=AdjustmentRequest.objects.get(pk=request.pk), by=boss, at=NOW)
        row.is_active = True
        row.save()


@pytest.mark.parametrize(
    ("words", "refusal"), [("", ReasonMissing), ("  ", ReasonMissing), ("x" * 301, TextTooLong)]
)
def test_it_needs_a_reason_in_words(desk, ask, words, refusal):
    with pytest.raises(refusal):
        ask(desk, 1, reason=Reason("other", words))


def test_the_words_of_the_reason_stay_out_of_the_ledger(desk, ask):
    request = ask(desk, 1, reason=Reason("goodwill", "Ms Wang at 138 0000 0000"))

    assert "Wang" not in str(request.posting.detail)


def test_every_act_asks_for_its_right(desk, ask):
    request = ask(desk, 1000)
    nobody = make_operator(superuser=False, name="NOBODY")

    for act in (
        lambda: ask(nobody, 1),
        lambda: approve_adjustment(request=request, by=nobody, at=NOW),
        lambda: reject_adjustment(request=request, by=nobody, at=NOW),
    ):
        with pytest.raises(Forbidden):
            act()


def test_a_form_sent_twice_is_one_request(desk, ask, program):
    member, request_id = make_member(), uuid7()

    first = ask(desk, 50, member=member, request_id=request_id)
    again = ask(desk, 50, member=member, request_id=request_id)

    assert first == again
    assert balance(member, program) == 50
    with pytest.raises(ReferenceReused):
        ask(desk, 51, member=member, request_id=request_id)


def test_a_form_sent_again_after_the_member_was_frozen_is_still_one_request(desk, ask):
    member, request_id = make_member(), uuid7()
    first = ask(desk, 50, member=member, request_id=request_id)
    member.status = "frozen"
    member.save()

    assert ask(desk, 50, member=member, request_id=request_id) == first


def test_what_it_would_do_is_told_beforehand(ask, program):
    member = make_member()
    give(member, program, 60)
    program.unit_cost = Decimal("0.02")

    given = effect_of(member_id=member.pk, program=program, points=100, at=NOW)
    taken = effect_of(member_id=member.pk, program=program, points=-100, at=NOW)

    assert (given.before, given.after, given.cost, given.short) == (60, 160, Decimal(2), 0)
    assert (taken.after, taken.cost, taken.short) == (-40, Decimal("-0.6"), 40)


def test_the_requests_cannot_be_emptied(owner_connection):
    with (
        owner_connection.cursor() as cursor,
        pytest.raises(psycopg2.errors.RestrictViolation, match="keeps what was asked"),
    ):
        cursor.execute("TRUNCATE points_adjustmentrequest")
