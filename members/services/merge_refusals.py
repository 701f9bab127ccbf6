"""When two members are not merged: something on record says that they are two people, or not now."""

from datetime import datetime

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError
from members.models import (
    Guardianship,
    HouseholdMember,
    HouseholdState,
    Member,
    MemberStatus,
    Residency,
)
from members.rules.adulthood import is_adult
from members.rules.normalise import latest_today
from members.services.lifecycle import frozen_for_want_of_guardian


class MergeWithItself(DomainError):
    """A member is one already."""

    code = "merge_with_itself"
    title = _("This is the same member.")


class AlreadyMerged(DomainError):
    """Facts: `into`, the number of the member they were merged into."""

    code = "already_merged"
    title = _("This member has been merged already.")


class SurvivorMergedAway(DomainError):
    """The one to be kept is an alias. Facts: `into`, whom to keep instead. So no circle can come about."""

    code = "survivor_merged_away"
    title = _("The member to be kept was merged into another one. Keep that one.")


class SurvivorNotActive(DomainError):
    """Facts: `member_status`."""

    code = "survivor_not_active"
    title = _("The member to be kept is frozen or closed. Keep the other one, or unfreeze this one first.")


class FrozenByHand(DomainError):
    """A merge would shake off what a person decided."""

    code = "frozen_by_hand"
    title = _("The member to be merged away was frozen by a person. Unfreeze it first, if all is well.")


class GeneratedAndReal(DomainError):
    """People made up for a demo stay apart from real ones."""

    code = "generated_and_real"
    title = _("One of the two was generated for the demo.")


class TwoInOneHousehold(DomainError):
    """They are there as two people, who invited and accepted each other."""

    code = "two_in_one_household"
    title = _("The two are in one household as two people. If they are one, one of them leaves it first.")


class TwoHouseholds(DomainError):
    """Who may pay with whose points is for the member to say."""

    code = "two_households"
    title = _("The two are in two households. The member leaves one of them first.")


class GuardianAndChild(DomainError):
    """One answers for the other."""

    code = "guardian_and_child"
    title = _("One of the two is on record as the guardian of the other.")


class FamilyOfTheOther(DomainError):
    """One lives at a venue as family of the other."""

    code = "family_of_the_other"
    title = _("One of the two lives somewhere as family of the other.")


class ChildAndAdult(DomainError):
    """One is known to be under 18; the other is of age, in a household, or somebody's guardian."""

    code = "child_and_adult"
    title = _("One of the two is a child, the other an adult. Correct the birth date, if it is wrong.")


def refuse_merging(*, survivor: Member, alias: Member, at: datetime) -> None:
    """Let only two merge who can be one person. Read under both row locks.

    A closed member may be merged away: whoever came back under a new number is found again. An alias frozen
    for want of a guardian may be too, if its survivor is active.

    :raises DomainError: a refusal of this page
    """
    if survivor.pk == alias.pk:
        raise MergeWithItself
    if survivor.merged_into is not None:
        raise SurvivorMergedAway(into=survivor.merged_into.number)
    if alias.merged_into is not None:
        raise AlreadyMerged(into=alias.merged_into.number)
    if survivor.is_generated != alias.is_generated:
        raise GeneratedAndReal
    if survivor.status != MemberStatus.ACTIVE:
        raise SurvivorNotActive(member_status=survivor.status)
    if alias.status == MemberStatus.FROZEN and not frozen_for_want_of_guardian(alias.pk):
        raise FrozenByHand
    _refuse_two_people(survivor, alias, at=at)


def _refuse_two_people(one: Member, two: Member, *, at: datetime) -> None:
    households = [
        HouseholdMember.objects.filter(member=member, state=HouseholdState.ACCEPTED)
        .values_list("household_id", flat=True)
        .first()
        for member in (one, two)
    ]
    if None not in households:
        raise TwoInOneHousehold if households[0] == households[1] else TwoHouseholds
    # One that was ended the day it was made was a mistake.
    answers = Guardianship.objects.filter(until__gt=F("since"))
    if answers.filter(Q(child=one, guardian=two) | Q(child=two, guardian=one)).exists():
        raise GuardianAndChild
    family = Residency.objects.filter(withdrawn_at=None, principal__withdrawn_at=None)
    if family.filter(Q(member=one, principal__member=two) | Q(member=two, principal__member=one)).exists():
        raise FamilyOfTheOther
    known = [
        _is_adult(member, household, at=at) for member, household in zip((one, two), households, strict=True)
    ]
    if set(known) == {True, False}:
        raise ChildAndAdult


def _is_adult(member: Member, household: object, *, at: datetime) -> bool | None:
    """Whether the member is known to be of age; None: nothing says so or otherwise."""
    on = latest_today(at)
    if member.birth_date is not None:
        return is_adult(member.birth_date, on=on)
    guards = Guardianship.objects.filter(guardian=member, since__lte=on, until__gt=on).exists()
    return True if household is not None or guards else None
