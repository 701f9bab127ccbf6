"""Earn rules: proposed by one, approved by another; versions count up and are never rewritten."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from activities.models import EarnRule, EarnRuleProposal
from activities.rules.earn_terms import BadRuleTerms, Caps, Conditions, Terms, terms_as_told, terms_from
from activities.services.earn_rules import (
    RuleDraft,
    approve_earn_rule,
    end_earn_rule,
    propose_earn_rule,
    publish_earn_rule,
    reject_earn_rule,
    withdraw_earn_proposal,
    withdraw_earn_rule,
)
from common.errors import Forbidden
from points.services.approvals import AlreadyDecided, NotOwnRequest, OwnRequest
from points.services.periods import PeriodBegun, PeriodOverlaps, PeriodUpsideDown
from tests.factories import LONG_AGO, NOW, make_earn_rule, make_program, make_unit
from tests.operators import grant, make_operator

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def rule():
    return make_earn_rule(make_unit(), make_program())


@pytest.fixture
def maker():
    return grant(make_operator(superuser=False, name="MAKER"), "can_propose_earn_rule")


@pytest.fixture
def checker():
    return grant(
        make_operator(superuser=False, name="CHECKER"), "can_approve_earn_rule", "can_propose_earn_rule"
    )


def draft_of(rule, **said):
    usual = {"code": rule.code, "unit": rule.unit, "program": rule.program, "rate": Decimal(2)}
    return RuleDraft(**usual | {"starts_at": NOW + DAY} | said)


def propose(rule, by, *, is_successor=True, **said):
    return propose_earn_rule(draft=draft_of(rule, **said), is_successor=is_successor, by=by, at=NOW)


def test_an_approved_successor_takes_the_next_version_and_ends_the_one_before(rule, maker, checker):
    new = approve_earn_rule(proposal=propose(rule, maker), by=checker, at=NOW)

    rule.refresh_from_db()
    assert (new.version, rule.during.upper, new.points_per_currency_unit) == (2, NOW + DAY, 2)
    assert (new.proposed_by, new.approved_by) == (maker, checker)


def test_nobody_approves_what_they_proposed_nor_without_the_right(rule, maker, checker):
    with pytest.raises(OwnRequest):
        approve_earn_rule(proposal=propose(rule, checker), by=checker, at=NOW)
    with pytest.raises(Forbidden):
        approve_earn_rule(proposal=propose(rule, checker), by=maker, at=NOW)
    with pytest.raises(Forbidden):
        propose(rule, make_operator(superuser=False))
    assert EarnRule.objects.count() == 1


def test_what_was_decided_stays_decided(rule, maker, checker):
    asked = propose(rule, maker)
    with pytest.raises(NotOwnRequest):
        withdraw_earn_proposal(proposal=asked, by=checker, at=NOW)
    reject_earn_rule(proposal=asked, by=checker, at=NOW, note="too generous")

    with pytest.raises(AlreadyDecided):
        approve_earn_rule(proposal=asked, by=checker, at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        EarnRuleProposal.objects.filter(pk=asked.pk).update(state="approved")


def test_history_may_get_its_rule_afterwards(rule, maker, checker):
    asked = propose(rule, maker, starts_at=LONG_AGO - DAY, ends_at=LONG_AGO, is_successor=False)

    early = approve_earn_rule(proposal=asked, by=checker, at=NOW)

    assert early.during.upper == LONG_AGO


def test_two_versions_never_hold_at_once(rule, maker, checker):
    with pytest.raises(PeriodOverlaps):
        approve_earn_rule(proposal=propose(rule, maker, is_successor=False), by=checker, at=NOW)
    with pytest.raises(PeriodUpsideDown):
        propose(rule, maker, ends_at=NOW)


def test_a_code_keeps_its_program_unit_and_effect(rule, maker, checker):
    asked = propose(rule, maker, program=make_program())

    with pytest.raises(BadRuleTerms) as refused:
        approve_earn_rule(proposal=asked, by=checker, at=NOW)

    assert refused.value.field == "code"


def test_a_version_is_never_rewritten(rule):
    for change in ({"points_per_currency_unit": 9}, {"terms": {"alone": True}}, {"version": 7}):
        with pytest.raises(IntegrityError), transaction.atomic():
            EarnRule.objects.filter(pk=rule.pk).update(**change)


def test_only_what_is_to_come_can_be_withdrawn_and_its_number_is_not_used_again(rule, maker, checker):
    new = approve_earn_rule(proposal=propose(rule, maker), by=checker, at=NOW)
    withdraw_earn_rule(rule=new, by=maker, at=NOW)
    with pytest.raises(PeriodBegun):
        withdraw_earn_rule(rule=rule, by=maker, at=NOW)

    again = approve_earn_rule(proposal=propose(rule, maker), by=checker, at=NOW)

    assert again.version == 3


def test_what_has_begun_ends_now_or_later_and_never_holds_longer_than_approved(rule, maker):
    assert end_earn_rule(rule=rule, ends_at=NOW + DAY, by=maker, at=NOW).during.upper == NOW + DAY
    for instant in (NOW - DAY, NOW + 2 * DAY):
        with pytest.raises(PeriodBegun):
            end_earn_rule(rule=rule, ends_at=instant, by=maker, at=NOW)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"code": "small"}, "code"),
        ({"rate": Decimal(-1)}, "points_per_currency_unit"),
        ({"rate": Decimal(10_001)}, "points_per_currency_unit"),
        ({"factor": Decimal(2)}, "factor"),
        ({"effect": "multiplier", "rate": Decimal(0)}, "factor"),
        ({"effect": "multiplier", "rate": Decimal(0), "factor": Decimal(1)}, "factor"),
        ({"effect": "multiplier", "factor": Decimal(2)}, "points_per_currency_unit"),
        ({"effect": "tax", "rate": Decimal(0), "percent": Decimal(100)}, "tax_percent"),
        ({"effect": "cap", "rate": Decimal(0)}, "caps"),
        ({"effect": "exclusion", "rate": Decimal(0), "terms": Terms(caps=Caps(per_day=1))}, "caps"),
        ({"effect": "exclusion", "rate": Decimal(0), "terms": Terms(pending_days=1)}, "terms"),
        ({"terms": Terms(caps=Caps(per_day=0))}, "caps.per_day"),
        ({"terms": Terms(conditions=Conditions(first_visit=True))}, "conditions.sectors"),
        ({"terms": Terms(conditions=Conditions(weekdays=(8,)))}, "conditions.weekdays"),
        ({"terms": Terms(expires_after_days=3, pending_days=3)}, "expires_after_days"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_the_field(rule, maker, said, field):
    with pytest.raises(BadRuleTerms) as refused:
        propose(rule, maker, **said)

    assert refused.value.field == field


def test_terms_are_kept_as_told_and_read_back():
    told = {
        "conditions": {
            "categories": ["food/*", "tea"],
            "weekdays": [6, 7],
            "hours": ["18:00", "02:00"],
            "dates": ["2026-05-01"],
            "minimum_spend": "99.90",
            "first_visit": True,
            "sectors": ["mall"],
        },
        "caps": {"per_day": 100, "budget": 10_000},
        "alone": True,
        "full_steps_of": "20",
        "pending_days": 7,
        "expires_after_days": 30,
    }

    assert terms_as_told(terms_from(told)) == told
    assert terms_as_told(Terms()) == {}


@pytest.mark.parametrize(
    "told",
    [
        {"colour": 1},
        {"conditions": {"weekdays": ["1"]}},
        {"conditions": {"weekdays": [True]}},
        {"conditions": {"hours": ["18:00"]}},
        {"conditions": {"categories": "food"}},
        {"conditions": {"minimum_spend": 5}},
        {"conditions": {"dates": ["1 May"]}},
        {"caps": {"per_day": "9"}},
        {"caps": []},
        {"alone": 1},
    ],
)
def test_terms_that_do_not_fit_are_refused(told):
    with pytest.raises(BadRuleTerms):
        terms_from(told)


def test_both_steps_at_once_leave_both_people_on_record(rule, maker, checker):
    made = publish_earn_rule(
        draft=draft_of(rule, code="SECOND"),
        is_successor=False,
        proposed_by=maker,
        approved_by=checker,
        at=NOW,
    )

    assert (made.version, made.proposed_by, made.approved_by) == (1, maker, checker)
    assert EarnRuleProposal.objects.get().state == "approved"
