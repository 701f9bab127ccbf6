"""Tier schemes: written by one person, approved by another, then fixed."""

from datetime import date

import pytest
from django.contrib.auth.models import Permission, User
from django.db import DatabaseError, transaction

from activities.models import LevelTerms, TierScheme
from activities.services.tier_schemes import (
    LevelsDoNotRise,
    SchemeSaysNothing,
    SchemeStartsTooSoon,
    SchemeStartTaken,
    approve_scheme,
    draft_scheme,
    propose_scheme,
    reject_scheme,
    withdraw_scheme,
)
from members.models import Tier
from points.services.approvals import AlreadyDecided, NotOwnRequest, OwnRequest
from tests.activities.tiering import AT, hand, make_ladder, make_scheme

pytestmark = pytest.mark.django_db


def two_people():
    return hand("change_tierscheme"), hand("can_approve_tier_scheme", "change_tierscheme")


def drafted(by, *, starts_on=date(2026, 7, 1), asked=(1000, 3000), at=AT):
    draft = draft_scheme(by=by, at=at, starts_on=starts_on)
    for tier, credits_asked in zip(Tier.objects.order_by("level")[1:], asked, strict=False):
        LevelTerms.objects.update_or_create(scheme=draft, tier=tier, defaults={"credits": credits_asked})
    return draft


def test_a_scheme_is_in_force_once_another_person_approves():
    make_ladder()
    maker, checker = two_people()
    draft = propose_scheme(scheme=drafted(maker), by=maker, at=AT)

    with pytest.raises(OwnRequest):
        approve_scheme(scheme=draft, by=hand_also_maker(maker), at=AT)
    approved = approve_scheme(scheme=draft, by=checker, at=AT)

    assert (approved.state, approved.decided_by) == ("approved", checker)
    with pytest.raises(AlreadyDecided):
        reject_scheme(scheme=draft, by=checker, at=AT)


def hand_also_maker(maker):
    maker.user_permissions.add(Permission.objects.get(codename="can_approve_tier_scheme"))
    return User.objects.get(pk=maker.pk)


def test_a_new_draft_begins_with_what_is_in_force():
    make_ladder()
    scheme = make_scheme(rules=[("hotel", "stay", "quantity", "25")], grace_days=45)
    maker, _checker = two_people()

    draft = draft_scheme(by=maker, at=AT, starts_on=date(2026, 7, 1))

    assert draft.grace_days == 45
    assert list(draft.levels.order_by("tier__level").values_list("credits", flat=True)) == [1000, 3000, 8000]
    assert draft.credit_rules.get().basis == "quantity"
    assert scheme.credit_rules.count() == 1


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"starts_on": date(2026, 6, 15)}, SchemeStartsTooSoon),
        ({"asked": (3000, 3000)}, LevelsDoNotRise),
        ({"asked": (3000, 1000)}, LevelsDoNotRise),
    ],
)
def test_a_scheme_that_cannot_be_is_refused_by_name(fields, refusal):
    make_ladder()
    make_scheme()
    maker, _checker = two_people()

    with pytest.raises(refusal):
        propose_scheme(scheme=drafted(maker, **fields), by=maker, at=AT)


def test_a_scheme_by_which_nobody_could_rise_is_refused():
    make_ladder()
    maker, _checker = two_people()

    with pytest.raises(SchemeSaysNothing):
        propose_scheme(scheme=drafted(maker, asked=()), by=maker, at=AT)


def test_only_one_scheme_starts_on_a_day_and_only_its_writer_takes_it_back():
    make_ladder()
    make_scheme()
    maker, checker = two_people()
    first, second = (propose_scheme(scheme=drafted(maker), by=maker, at=AT) for _ in range(2))
    approve_scheme(scheme=first, by=checker, at=AT)

    with pytest.raises(SchemeStartTaken):
        approve_scheme(scheme=second, by=checker, at=AT)
    with pytest.raises(NotOwnRequest):
        withdraw_scheme(scheme=second, by=checker, at=AT)
    assert withdraw_scheme(scheme=second, by=maker, at=AT).state == "withdrawn"


def test_the_database_keeps_what_was_proposed_and_who_decided():
    make_ladder()
    maker, _checker = two_people()
    scheme = propose_scheme(scheme=drafted(maker), by=maker, at=AT)

    for change in (
        lambda: LevelTerms.objects.filter(scheme=scheme).update(credits=1),
        lambda: LevelTerms.objects.filter(scheme=scheme).delete(),
        lambda: TierScheme.objects.filter(pk=scheme.pk).update(grace_days=1),
        lambda: TierScheme.objects.filter(pk=scheme.pk).update(
            state="approved", decided_by=maker, decided_at=AT
        ),
        lambda: TierScheme.objects.filter(pk=scheme.pk)._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
