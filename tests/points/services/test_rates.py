"""Exchange rates: proposed by one person, approved by another, never rewritten once they hold."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from psycopg2.extras import DateTimeTZRange

from common.errors import Forbidden
from points.models import ExchangeRate, RateProposal
from points.services.approvals import AlreadyDecided, NotOwnRequest, OwnRequest, TextTooLong
from points.services.periods import PeriodBegun, PeriodOverlaps, PeriodUpsideDown
from points.services.rates import (
    BadRateTerms,
    RatesGain,
    RateTerms,
    RateWithdrawn,
    approve_rate,
    end_rate,
    propose_rate,
    propose_replan,
    publish_rate,
    reject_rate,
    withdraw_proposal,
    withdraw_rate,
)
from tests.factories import NOW, make_program, make_rate
from tests.operators import grant, make_operator

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def rate():
    """In force since long ago, until further notice."""
    return make_rate(make_program(), make_program(), 2)


@pytest.fixture
def maker():
    return grant(make_operator(superuser=False, name="MAKER"), "can_propose_rate", "can_approve_rate")


@pytest.fixture
def checker():
    return grant(make_operator(superuser=False, name="CHECKER"), "can_propose_rate", "can_approve_rate")


def terms(**told):
    return RateTerms(**{"numerator": 3, "denominator": 1, "starts_at": NOW + DAY, "ends_at": None} | told)


def propose(rate, by, *, is_successor=False, at=NOW, **told):
    pair = {name: told.pop(name, getattr(rate, name)) for name in ("source", "target")}
    return propose_rate(**pair, terms=terms(**told), is_successor=is_successor, by=by, at=at)


def enter(rate, maker, checker, **told):
    return approve_rate(proposal=propose(rate, maker, **told), by=checker, at=NOW)


def test_what_is_proposed_holds_nowhere_and_blocks_nothing(rate, maker, checker):
    propose(rate, maker, starts_at=None, is_successor=True)

    assert ExchangeRate.objects.get() == rate
    assert enter(rate, maker, checker, is_successor=True).version == 1


def test_a_second_person_puts_it_in_the_book_and_both_stand_there(rate, maker, checker):
    proposal = propose(rate, maker, is_successor=True, cap_per_member_day=70)

    new = approve_rate(proposal=proposal, by=checker, at=NOW + timedelta(hours=1), note="as agreed")

    proposal.refresh_from_db()
    assert (new.proposed_by, new.approved_by, new.cap_per_member_day) == (maker, checker, 70)
    assert (proposal.state, proposal.rate, proposal.note) == ("approved", new, "as agreed")
    assert proposal.decided_at == NOW + timedelta(hours=1)


def test_a_rate_without_a_start_holds_from_its_approval(rate, maker, checker):
    proposal = propose(rate, maker, starts_at=None, is_successor=True)

    new = approve_rate(proposal=proposal, by=checker, at=NOW + DAY)

    rate.refresh_from_db()
    assert rate.during.upper == new.during.lower == NOW + DAY


def test_nobody_approves_or_rejects_their_own(rate, maker):
    proposal = propose(rate, maker)

    for decide in (approve_rate, reject_rate):
        with pytest.raises(OwnRequest):
            decide(proposal=proposal, by=maker, at=NOW)

    proposal.refresh_from_db()
    assert proposal.state == "proposed"


@pytest.mark.parametrize("state", ["approved", "rejected"])
def test_not_even_past_the_service_does_one_person_decide_alone(rate, maker, state):
    proposal = propose(rate, maker)

    with pytest.raises(IntegrityError, match="proposal_is_decided_by_another"), transaction.atomic():
        RateProposal.objects.update(state=state, decided_by=maker, decided_at=NOW)
    with pytest.raises(IntegrityError, match="rate_is_approved_by_another"), transaction.atomic():
        ExchangeRate.objects.update(proposed_by=maker, approved_by=maker)

    proposal.refresh_from_db()
    assert proposal.decided_by is None


def test_what_was_decided_is_neither_decided_again_nor_changed_nor_removed(rate, maker, checker):
    proposal = propose(rate, maker)
    reject_rate(proposal=proposal, by=checker, at=NOW, note="too dear")

    with pytest.raises(AlreadyDecided):
        approve_rate(proposal=proposal, by=checker, at=NOW)
    for change in ({"state": "approved"}, {"numerator": 9}, {"note": ""}):
        with pytest.raises(IntegrityError, match="was decided"), transaction.atomic():
            RateProposal.objects.update(**change)
    with pytest.raises(IntegrityError, match="keeps what was asked"), transaction.atomic():
        proposal.delete()


def test_the_terms_that_are_approved_are_those_that_were_proposed(rate, maker, checker):
    propose(rate, maker)

    with pytest.raises(IntegrityError, match="decided as it was asked"), transaction.atomic():
        RateProposal.objects.update(numerator=9)


def test_only_who_proposed_takes_it_back(rate, maker, checker):
    proposal = propose(rate, maker)

    with pytest.raises(NotOwnRequest):
        withdraw_proposal(proposal=proposal, by=checker, at=NOW)

    assert withdraw_proposal(proposal=proposal, by=maker, at=NOW).state == "withdrawn"


def test_every_act_asks_for_its_right(rate, maker, checker):
    nobody = make_operator(superuser=False, name="NOBODY")
    proposal = propose(rate, maker)

    for act in (
        lambda: propose(rate, nobody),
        lambda: propose_replan(rate=rate, terms=terms(), by=nobody, at=NOW),
        lambda: end_rate(rate=rate, ends_at=NOW, by=nobody, at=NOW),
        lambda: withdraw_rate(rate=rate, by=nobody, at=NOW),
        lambda: approve_rate(proposal=proposal, by=nobody, at=NOW),
        lambda: reject_rate(proposal=proposal, by=nobody, at=NOW),
    ):
        with pytest.raises(Forbidden):
            act()


def test_an_operator_who_was_switched_off_approves_nothing(rate, maker, checker):
    proposal = propose(rate, maker)
    checker.is_active = False
    checker.save()

    with pytest.raises(Forbidden):
        approve_rate(proposal=proposal, by=checker, at=NOW)


def test_a_successor_leaves_neither_gap_nor_overlap(rate, maker, checker):
    new = enter(rate, maker, checker, is_successor=True)

    rate.refresh_from_db()
    assert rate.during.upper == new.during.lower == NOW + DAY


def test_an_overlap_is_refused_by_name_and_ends_nothing(rate, maker, checker):
    proposal = propose(rate, maker)

    with pytest.raises(PeriodOverlaps):
        approve_rate(proposal=proposal, by=checker, at=NOW)

    rate.refresh_from_db()
    proposal.refresh_from_db()
    assert (rate.during.upper, proposal.state) == (None, "proposed")


def test_a_refused_successor_leaves_its_predecessor_as_it_was(rate, maker, checker):
    enter(rate, maker, checker, is_successor=True)

    with pytest.raises(PeriodOverlaps):
        enter(rate, maker, checker, starts_at=NOW, is_successor=True)

    rate.refresh_from_db()
    assert rate.during.upper == NOW + DAY


@pytest.mark.parametrize("told", [{"starts_at": NOW - DAY}, {"ends_at": NOW + DAY}, {"ends_at": NOW}])
def test_a_rate_starts_now_or_later_and_ends_after_that(rate, maker, told):
    with pytest.raises(PeriodUpsideDown):
        propose(rate, maker, is_successor=True, **told)


def test_a_start_that_passed_while_it_waited_is_not_approved_into_the_past(rate, maker, checker):
    proposal = propose(rate, maker, is_successor=True)

    with pytest.raises(PeriodUpsideDown):
        approve_rate(proposal=proposal, by=checker, at=NOW + 2 * DAY)


@pytest.mark.parametrize(
    "told",
    [{"numerator": 0}, {"numerator": 1_000_001}, {"denominator": 0}, {"cap_per_member_day": 0}],
)
def test_terms_that_no_rate_can_have_are_refused_by_name(told):
    with pytest.raises(BadRateTerms):
        terms(**told)


def test_a_rate_joins_two_programs(rate, maker):
    with pytest.raises(BadRateTerms):
        propose(rate, maker, target=rate.source)


def test_what_is_to_come_is_replanned_by_two_and_withdrawn_by_one(rate, maker, checker):
    new = enter(rate, maker, checker, is_successor=True)
    replan = propose_replan(rate=new, terms=terms(numerator=5, starts_at=NOW + 2 * DAY), by=checker, at=NOW)

    new.refresh_from_db()
    assert new.numerator == 3
    approve_rate(proposal=replan, by=maker, at=NOW)
    new.refresh_from_db()
    assert (new.numerator, new.version, new.approved_by) == (5, 2, maker)

    withdraw_rate(rate=new, by=checker, at=NOW)
    replan.refresh_from_db()
    assert (ExchangeRate.objects.get(), replan.rate, replan.state) == (rate, None, "approved")
    assert enter(rate, maker, checker, starts_at=NOW + DAY).version == 3


def test_what_changed_meanwhile_is_not_changed_by_an_old_proposal(rate, maker, checker):
    new = enter(rate, maker, checker, is_successor=True)
    late = propose_replan(rate=new, terms=terms(starts_at=NOW + 9 * DAY), by=maker, at=NOW)
    gone = propose_replan(rate=new, terms=terms(starts_at=NOW + 9 * DAY), by=maker, at=NOW)

    with pytest.raises(PeriodBegun):
        approve_rate(proposal=late, by=checker, at=NOW + 2 * DAY)
    withdraw_rate(rate=new, by=maker, at=NOW)
    gone.refresh_from_db()
    with pytest.raises(RateWithdrawn):
        approve_rate(proposal=gone, by=checker, at=NOW)


def test_what_has_begun_can_neither_be_replanned_nor_withdrawn(rate, maker):
    with pytest.raises(PeriodBegun):
        propose_replan(rate=rate, terms=terms(), by=maker, at=NOW)
    with pytest.raises(PeriodBegun):
        withdraw_rate(rate=rate, by=maker, at=NOW)

    assert ExchangeRate.objects.filter(pk=rate.pk, numerator=2).exists()


def test_one_person_ends_a_rate_sooner_and_two_let_it_hold_longer(rate, maker, checker):
    assert end_rate(rate=rate, ends_at=NOW + DAY, by=maker, at=NOW) is None
    assert rate.during.upper == NOW + DAY

    longer = end_rate(rate=rate, ends_at=NOW + 2 * DAY, by=maker, at=NOW)
    rate.refresh_from_db()
    assert rate.during.upper == NOW + DAY

    approve_rate(proposal=longer, by=checker, at=NOW)
    rate.refresh_from_db()
    assert rate.during.upper == NOW + 2 * DAY


def test_nothing_ends_in_the_past(rate, maker):
    with pytest.raises(PeriodBegun):
        end_rate(rate=rate, ends_at=NOW - DAY, by=maker, at=NOW)


def test_what_has_ended_stays_ended(rate, maker):
    rate.during = DateTimeTZRange(rate.during.lower, NOW - DAY)
    rate.save()

    with pytest.raises(PeriodBegun):
        end_rate(rate=rate, ends_at=None, by=maker, at=NOW)


def test_a_gaining_circle_is_named_when_it_is_proposed(rate, maker):
    with pytest.raises(RatesGain) as refused:
        propose(rate, maker, source=rate.target, target=rate.source, numerator=1)

    loop = refused.value.facts["loop"]
    assert (loop[0], set(loop)) == (loop[-1], {rate.source.code, rate.target.code})
    assert " → ".join(loop) in str(refused.value)


def test_a_circle_that_other_approvals_closed_meanwhile_is_refused_at_approval(rate, maker, checker):
    """1 a = 2 b is there; b → c and c → a gain nothing one by one, and something together."""
    third = make_program()
    onward = propose(rate, maker, source=rate.target, target=third, numerator=1)
    back = propose(rate, maker, source=third, target=rate.source, numerator=1)
    approve_rate(proposal=onward, by=checker, at=NOW)

    with pytest.raises(RatesGain):
        approve_rate(proposal=back, by=checker, at=NOW)

    back.refresh_from_db()
    assert (back.state, ExchangeRate.objects.count()) == ("proposed", 2)


def test_a_rate_is_not_lengthened_into_a_gaining_circle(rate, maker, checker):
    end_rate(rate=rate, ends_at=NOW + DAY, by=maker, at=NOW)
    longer = end_rate(rate=rate, ends_at=None, by=maker, at=NOW)
    enter(rate, maker, checker, source=rate.target, target=rate.source, numerator=1)

    with pytest.raises(RatesGain):
        approve_rate(proposal=longer, by=checker, at=NOW)
    with pytest.raises(RatesGain):
        end_rate(rate=rate, ends_at=None, by=maker, at=NOW)


def test_rates_that_never_hold_together_close_no_circle(rate, maker, checker):
    """a → b holds for a day; only later b → c → a, which would gain with it."""
    third = make_program()
    end_rate(rate=rate, ends_at=NOW + DAY, by=maker, at=NOW)
    enter(rate, maker, checker, source=rate.target, target=third, numerator=1)

    back = enter(rate, maker, checker, source=third, target=rate.source, numerator=1, starts_at=NOW + DAY)

    assert back.version == 1


def test_a_note_is_short(rate, maker, checker):
    proposal = propose(rate, maker)

    with pytest.raises(TextTooLong):
        reject_rate(proposal=proposal, by=checker, at=NOW, note="x" * 301)


def test_setting_a_group_up_takes_two_people_too(rate, maker, checker):
    told = {"source": rate.target, "target": rate.source, "terms": terms(numerator=1, denominator=2)}

    with pytest.raises(OwnRequest):
        publish_rate(**told, is_successor=False, proposed_by=maker, approved_by=maker, at=NOW)
    publish_rate(**told, is_successor=False, proposed_by=maker, approved_by=checker, at=NOW)

    assert RateProposal.objects.get().state == "approved"
