"""Two members become one, and two again: what the members' floor moves, under their row locks.

A short list of rules, each with its reason, is docs/merging.md. The wallets and the tier are moved by
loyalty/workflows/merge_members.py, which calls this first. Nothing of an alias is deleted: what is not moved
stays with it and is found through its survivor.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from members.data_keys import MemberErased
from members.models import (
    Enrolment,
    EventKind,
    Guardianship,
    Household,
    HouseholdMember,
    HouseholdState,
    Identity,
    MatchCandidate,
    MatchState,
    Member,
    MemberEvent,
    MemberMerge,
    Residency,
)
from members.selectors.aliases import ids_of
from members.selectors.erased import is_any_erased
from members.services.blocking import refresh_match_keys
from members.services.lifecycle import GuardianMissing, fit_to_guardians, is_unguarded
from members.services.merge_refusals import refuse_merging
from members.services.tokens import end_member_tokens, end_tokens_since

# What a survivor does not say of themselves is taken over from the alias.
FILLED: Final = ("name", "birth_date", "gender", "address")
_OPEN: Final = (HouseholdState.INVITED, HouseholdState.ACCEPTED)
Effects = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """The one who stays, the one who is merged away, and the latter's own aliases; all but these locked."""

    survivor: Member
    alias: Member
    followers: tuple[UUID, ...]


def locked_pair(*, survivor_id: UUID, alias_id: UUID) -> Pair:
    """Lock both by id: two merges of the same people come one after the other.

    The alias is locked so that nothing which names it is written meanwhile (a foreign key's lock waits); the
    survivor only against other decisions about it.

    :raises MemberErased: one of them was erased: nothing is left to join or to part
    """
    people = {
        pk: Member.objects.select_for_update(no_key=pk != alias_id).get(pk=pk)
        for pk in sorted({survivor_id, alias_id})
    }
    if is_any_erased(people):
        raise MemberErased
    followers = [pk for pk in ids_of(alias_id) if pk != alias_id]
    return Pair(people[survivor_id], people[alias_id], tuple(followers))


def join_people(*, pair: Pair, evidence: str, by: str, at: datetime) -> Effects:
    """Make what is the alias's the survivor's. Returns what was moved, by ids, and what stays with the alias.

    Runs in the caller's transaction, under the locks of `locked_pair`.

    :raises DomainError: a refusal of members/services/merge_refusals.py
    """
    survivor, alias = pair.survivor, pair.alias
    refuse_merging(survivor=survivor, alias=alias, at=at)
    stays: dict[str, list[Any]] = {"enrolments": [], "residencies": [], "guardianships": [], "places": []}
    effects: Effects = {
        "identities": _identities_to(survivor, Identity.objects.filter(member=alias, is_active=True)),
        "enrolments": _moved(_enrolments(alias, survivor, stays), member=survivor),
        "residencies": _moved(_residencies(alias, survivor, stays), member=survivor),
        "as_child": _moved(_guardianships("child", "guardian", alias, survivor, stays), child=survivor),
        "as_guardian": _moved(_guardianships("guardian", "child", alias, survivor, stays), guardian=survivor),
        **_places_to(survivor, alias, stays, at=at),
        "filled": _filled(survivor, alias),
        "paused_until": _paused(survivor, alias),
        "aliases": [str(pk) for pk in pair.followers],
        "tokens": end_member_tokens(member=alias, at=at),
        "stays": stays,
    }
    if is_unguarded(survivor, at=at):
        raise GuardianMissing
    effects["candidates"] = _answered(pair, by=by, at=at)
    Member.objects.filter(pk__in=[alias.pk, *pair.followers]).update(merged_into=survivor)
    _note(pair, EventKind.MERGED, evidence, by=by, at=at)
    return effects


def part_people(*, pair: Pair, merge: MemberMerge, evidence: str, by: str, at: datetime) -> Effects:
    """Give the alias back what the merge moved and what the survivor still has of it.

    What ended or changed hands meanwhile stays, and `stays` says what. What was written for the survivor
    since the merge stays the survivor's. Runs in the caller's transaction, under the locks of `locked_pair`.
    """
    survivor, alias, told = pair.survivor, pair.alias, merge.effects
    Member.objects.filter(pk=alias.pk).update(merged_into=None)
    followers = Member.objects.filter(pk__in=told["aliases"], merged_into=survivor)
    back = sorted(followers.values_list("pk", flat=True))
    followers.update(merged_into=alias)
    stays: dict[str, list[Any]] = {}
    identities = Identity.objects.filter(pk__in=told["identities"], member=survivor)
    mine = {"member": survivor}
    effects: Effects = {
        "identities": _identities_to(alias, identities),
        "enrolments": _returned(Enrolment, told["enrolments"], mine, stays, member=alias),
        "residencies": _returned(Residency, told["residencies"], mine, stays, member=alias),
        "as_child": _returned(Guardianship, told["as_child"], {"child": survivor}, stays, child=alias),
        "as_guardian": _returned(
            Guardianship, told["as_guardian"], {"guardian": survivor}, stays, guardian=alias
        ),
        **_places_back(survivor, alias, told, stays),
        "filled": _emptied(survivor, alias, told["filled"]),
        "aliases": [str(pk) for pk in back],
        # Whoever signed in while the two were one may be either of them.
        "tokens": end_tokens_since(member=survivor, since=merge.at, at=at),
        "stays": stays,
    }
    ended = Identity.objects.filter(pk__in=told["identities"], is_active=False).order_by("pk")
    effects["ended"] = list(ended.values_list("pk", flat=True))
    effects["candidates"] = _told_apart(pair, by=by, at=at)
    _note(pair, EventKind.UNMERGED, evidence, by=by, at=at)
    for one in sorted((alias.pk, survivor.pk)):
        fit_to_guardians(member_id=one, by=by, at=at)
    return effects


def _identities_to(member: Member, identities: QuerySet[Identity]) -> list[int]:
    """Whole rows are saved, the value too: it may be sealed for whom it belongs to."""
    moved = list(identities.order_by("pk"))
    for identity in moved:
        identity.member = member
        identity.save(update_fields=["member", "value"])
    return [identity.pk for identity in moved]


def _enrolments(alias: Member, survivor: Member, stays: dict[str, list[Any]]) -> list[Enrolment]:
    """All but a bare one at a unit that knows the survivor without a card too: that is the same relation."""
    bare = set(Enrolment.objects.filter(member=survivor, legacy_card=None).values_list("unit_id", flat=True))
    moving = []
    for one in Enrolment.objects.filter(member=alias).order_by("pk"):
        if one.legacy_card is None and one.unit_id in bare:
            stays["enrolments"].append(one.pk)
        else:
            moving.append(one)
    return moving


def _residencies(alias: Member, survivor: Member, stays: dict[str, list[Any]]) -> list[Residency]:
    """All but those that say what the survivor's own say of the same days: one role at a venue at a time."""
    held = list(Residency.objects.filter(member=survivor, withdrawn_at=None))
    moving = []
    for one in Residency.objects.filter(member=alias, withdrawn_at=None).order_by("pk"):
        same = [two for two in held if (two.venue_id, two.role) == (one.venue_id, one.role)]
        if any(_overlap(one.starts_on, one.ends_on, two.starts_on, two.ends_on) for two in same):
            stays["residencies"].append(str(one.pk))
        else:
            moving.append(one)
    return moving


def _guardianships(
    side: str, other: str, alias: Member, survivor: Member, stays: dict[str, list[Any]]
) -> list[Guardianship]:
    """All of the alias on one `side` but those that the survivor has too, with the same `other`."""
    held = list(Guardianship.objects.filter(**{side: survivor}))
    moving = []
    for one in Guardianship.objects.filter(**{side: alias}).order_by("pk"):
        them = getattr(one, f"{other}_id")
        same = [two for two in held if getattr(two, f"{other}_id") == them]
        if them == survivor.pk or any(_overlap(one.since, one.until, two.since, two.until) for two in same):
            stays["guardianships"].append(str(one.pk))
        else:
            moving.append(one)
    return moving


def _overlap(starts: Any, ends: Any, other_starts: Any, other_ends: Any) -> bool:
    """Half-open days; None: open."""
    return (other_ends is None or starts < other_ends) and (ends is None or other_starts < ends)


def _moved(rows: Sequence[Any], **to: Member) -> list[Any]:
    ((field, member),) = to.items()
    for row in rows:
        setattr(row, field, member)
        row.save(update_fields=[field])
    return [_key(row.pk) for row in rows]


def _returned(
    model: Any, keys: Collection[Any], mine: dict[str, Member], stays: dict[str, list[Any]], **to: Member
) -> list[Any]:
    """Give back those rows that the survivor still has; one that contradicts another of the alias's stays."""
    found = {_key(row.pk): row for row in model.objects.filter(pk__in=keys, **mine).order_by("pk")}
    back = []
    for key, row in found.items():
        try:
            with transaction.atomic():
                back += _moved([row], **to)
        except IntegrityError:
            stays.setdefault(model._meta.model_name, []).append(key)  # noqa: SLF001 -- Django's own name for it
    gone = [key for key in keys if key not in found]
    if gone:
        stays.setdefault(model._meta.model_name, []).extend(gone)  # noqa: SLF001 -- the same
    return back


def _key(pk: Any) -> Any:
    """As JSON keeps it."""
    return str(pk) if isinstance(pk, UUID) else pk


def _places_to(survivor: Member, alias: Member, stays: dict[str, list[Any]], *, at: datetime) -> Effects:
    """The alias's place, its headship and its open invitations. Where the survivor has a place or an
    invitation in the same household, the alias's invitation stays; the survivor's gives way to a place.
    """
    theirs = HouseholdMember.objects.filter(member=alias, state__in=_OPEN).order_by("pk")
    households = sorted({place.household_id for place in theirs})
    list(Household.objects.select_for_update(no_key=True).filter(pk__in=households).order_by("pk"))
    places, declined = [], []
    for place in theirs.all():
        twin = HouseholdMember.objects.filter(
            household=place.household_id, member=survivor, state__in=_OPEN
        ).first()
        if twin is not None and place.state == HouseholdState.INVITED:
            stays["places"].append(str(place.pk))
            continue
        if twin is not None:
            twin.state, twin.ended_at = HouseholdState.DECLINED, at
            twin.save(update_fields=["state", "ended_at"])
            declined.append(str(twin.pk))
        places += _moved([place], member=survivor)
    headed = Household.objects.filter(head=alias, dissolved_at=None)
    heads = [str(pk) for pk in headed.order_by("pk").values_list("pk", flat=True)]
    headed.update(head=survivor)
    return {"places": places, "declined": declined, "heads": heads}


def _places_back(survivor: Member, alias: Member, told: Effects, stays: dict[str, list[Any]]) -> Effects:
    """Places that still stand, and the headship with them."""
    standing = HouseholdMember.objects.filter(pk__in=told["places"], member=survivor, state__in=_OPEN)
    households = sorted(standing.values_list("household_id", flat=True))
    list(Household.objects.select_for_update(no_key=True).filter(pk__in=households).order_by("pk"))
    places = _moved(list(standing.order_by("pk")), member=alias)
    gone = [key for key in told["places"] if key not in places]
    if gone:
        stays["place"] = gone
    headed = Household.objects.filter(
        pk__in=told["heads"], head=survivor, dissolved_at=None, places__member=alias, places__state="accepted"
    )
    heads = sorted(headed.values_list("pk", flat=True))
    Household.objects.filter(pk__in=heads).update(head=alias)
    return {"places": places, "heads": [str(pk) for pk in heads]}


def _filled(survivor: Member, alias: Member) -> list[str]:
    """Take over what the survivor does not say. The names of the fields, never what they say."""
    filled = [name for name in FILLED if getattr(alias, name) and not getattr(survivor, name)]
    for name in filled:
        setattr(survivor, name, getattr(alias, name))
    if filled:
        survivor.save(update_fields=filled)
        refresh_match_keys([survivor.pk])
    return filled


def _paused(survivor: Member, alias: Member) -> str | None:
    """A pause of spending is not shaken off: the longer one holds (until when; None: no pause was added)."""
    until, mine = alias.spending_paused_until, survivor.spending_paused_until
    if until is None or (mine is not None and mine >= until):
        return None
    survivor.spending_paused_until = until
    survivor.save(update_fields=["spending_paused_until"])
    return until.isoformat()


def _emptied(survivor: Member, alias: Member, filled: Sequence[str]) -> list[str]:
    """Let go of what was taken over, unless the survivor has said something else since."""
    emptied = [name for name in filled if getattr(survivor, name) == getattr(alias, name)]
    for name in emptied:
        setattr(survivor, name, None if name == "birth_date" else "")
    if emptied:
        survivor.save(update_fields=emptied)
        refresh_match_keys([survivor.pk])
    return emptied


def _between(pair: Pair) -> QuerySet[MatchCandidate]:
    ours = [pair.alias.pk, *pair.followers]
    theirs = [pk for pk in ids_of(pair.survivor.pk) if pk not in ours]
    return MatchCandidate.objects.filter(
        Q(member__in=ours, other__in=theirs) | Q(member__in=theirs, other__in=ours)
    )


def _answered(pair: Pair, *, by: str, at: datetime) -> list[int]:
    """Whether the two are one is answered, wherever it was asked."""
    open_ones = _between(pair).filter(state__in=[MatchState.OPEN, MatchState.LATER]).order_by("pk")
    found = list(open_ones.values_list("pk", flat=True))
    MatchCandidate.objects.filter(pk__in=found).update(state=MatchState.SAME, decided_by=by, decided_at=at)
    return found


def _told_apart(pair: Pair, *, by: str, at: datetime) -> list[int]:
    """Who undoes a merge says that they are two: they are not asked about again."""
    found = list(_between(pair).filter(state=MatchState.SAME).order_by("pk").values_list("pk", flat=True))
    MatchCandidate.objects.filter(pk__in=found).update(
        state=MatchState.DIFFERENT, decided_by=by, decided_at=at
    )
    return found


def _note(pair: Pair, kind: EventKind, evidence: str, *, by: str, at: datetime) -> None:
    MemberEvent.objects.bulk_create(
        MemberEvent(member=one, kind=kind, reason=evidence, by=by, at=at)
        for one in (pair.survivor, pair.alias)
    )
