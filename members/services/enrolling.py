"""The one way in: people as a unit describes them become members, or are found to be members already.

Set-based: a batch costs a constant number of statements, whatever its size. One candidate is a batch of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from common.errors import DomainError, InvalidRequest
from members.models import Enrolment, Identity, IdentityKind, Member, MemberStatus
from members.rules.candidate import Candidate
from members.rules.matching import Person, whose
from members.services.storing import store_cards, store_enrolments, store_identities, store_members
from members.vault import blind_index
from units.models import BusinessUnit


class NothingIdentifies(InvalidRequest):
    """Neither a legacy card nor a phone: the next mention of this person could not be told from another's."""

    code = "nothing_identifies"
    title = _("There is neither a legacy card nor a phone.")


@dataclass(frozen=True, slots=True)
class Desk:
    """Who enrols, through which channel, when, and whether it is data made for a demo."""

    channel: str
    by: str
    at: datetime
    is_generated: bool = False


class Ending(StrEnum):
    """How a candidate ended."""

    CREATED = "created"
    LINKED = "linked"
    ALREADY_THERE = "already_there"


class Enrolled(NamedTuple):
    """A candidate's member, and how they came to be one at the unit."""

    member_id: UUID
    status: str
    ending: Ending


def enrol_candidates(
    *, unit: BusinessUnit, candidates: Sequence[Candidate], desk: Desk
) -> list[Enrolled | DomainError]:
    """Enrol each of `candidates` at `unit`, in order. A refusal takes its place and leaves the others alone.

    The first description of a member stays: later ones add enrolments and identities, and nothing else.
    Runs inside the caller's transaction, which is to be run again whole if it loses a race for an identity.
    """
    register = _Register(unit, desk)
    keyed = [_Keyed.of(candidate) for candidate in candidates]
    register.look_up(keyed)
    endings = [register.enrol(one) for one in keyed]
    register.write()
    return endings


class _Keyed(NamedTuple):
    """A candidate with the blind indexes that find it."""

    told: Candidate
    phone: bytes | None
    email: bytes | None

    @classmethod
    def of(cls, told: Candidate) -> "_Keyed":
        phone = None if told.phone is None else blind_index(IdentityKind.PHONE, told.phone)
        email = None if told.email is None else blind_index(IdentityKind.EMAIL, told.email)
        return cls(told, phone, email)


@dataclass(slots=True, eq=False)
class _Seat:
    """An enrolment at the unit: as stored (`id`), or as the batch adds it (`told`)."""

    member_id: UUID
    card: str | None
    id: int | None = None
    told: Candidate | None = None


class _Register:
    """What is known of a batch, and what it adds. Later rows of a batch see what earlier ones added."""

    def __init__(self, unit: BusinessUnit, desk: Desk) -> None:
        self.unit, self.desk = unit, desk
        self.people: dict[UUID, Person] = {}
        self.by_index: dict[bytes, Person] = {}
        self.seats: dict[UUID, list[_Seat]] = {}
        self.by_card: dict[str, _Seat] = {}
        self.created: list[tuple[UUID, Candidate]] = []
        self.identified: list[tuple[str, bytes, str, UUID]] = []
        self.joined: list[_Seat] = []
        self.carded: list[_Seat] = []

    def look_up(self, keyed: Sequence[_Keyed]) -> None:
        """Find whom the batch may name: five statements, or two where it names nobody known."""
        cards = {one.told.legacy_card for one in keyed if one.told.legacy_card}
        indexes = {index for one in keyed for index in (one.phone, one.email) if index}
        holders = Enrolment.objects.filter(unit=self.unit, legacy_card__any_of=cards)
        # The index says the kind already; naming it lets PostgreSQL use the unique index on both.
        found = Identity.objects.filter(
            kind__in=[IdentityKind.PHONE, IdentityKind.EMAIL], blind_index__any_of=indexes, is_active=True
        )
        owners = {bytes(index): member for index, member in found.values_list("blind_index", "member_id")}
        ids = {*owners.values(), *holders.values_list("member_id", flat=True)}
        if not ids:
            return
        phones = Identity.objects.filter(member_id__any_of=ids, kind=IdentityKind.PHONE, is_active=True)
        reachable = set(phones.values_list("member_id", flat=True))
        for member_id, status, name in Member.objects.filter(pk__any_of=ids).values_list(
            "pk", "status", "name"
        ):
            self.people[member_id] = Person(member_id, status, name, member_id in reachable)
        known = Enrolment.objects.filter(unit=self.unit, member_id__any_of=ids).order_by("pk")
        for pk, member_id, card in known.values_list("pk", "member_id", "legacy_card"):
            self._remember(_Seat(member_id, card, id=pk))
        self.by_index = {index: self.people[member_id] for index, member_id in owners.items()}

    def enrol(self, one: _Keyed) -> Enrolled | DomainError:
        """Where `one` ends; its refusal, if it has no end."""
        told = one.told
        if told.legacy_card is None and told.phone is None:
            return NothingIdentifies()
        holder = self.by_card.get(told.legacy_card) if told.legacy_card else None
        try:
            person = whose(
                by_card=self.people[holder.member_id] if holder else None,
                by_phone=self.by_index.get(one.phone) if one.phone else None,
                by_email=self.by_index.get(one.email) if one.email else None,
                has_phone=one.phone is not None,
                name=told.name,
            )
        except DomainError as refusal:
            return refusal
        is_new = person is None
        person = person or self._create(told)
        is_identified = self._identify(person, one)
        is_seated = self._seat(person, told)
        if is_new:
            ending = Ending.CREATED
        else:
            ending = Ending.LINKED if is_identified or is_seated else Ending.ALREADY_THERE
        return Enrolled(person.id, person.status, ending)

    def write(self) -> None:
        """Store what the batch added, identities in index order: two batches never wait in a circle."""
        at, by, channel = self.desk.at, self.desk.by, self.desk.channel
        store_members(self.created, is_generated=self.desk.is_generated, at=at)
        store_identities(sorted(self.identified), proof=channel, at=at)
        joined = sorted(self.joined, key=lambda seat: seat.card or "")
        store_enrolments(
            [(seat.member_id, seat.card, seat.told) for seat in joined if seat.told],
            unit_id=self.unit.pk,
            channel=channel,
            by=by,
            at=at,
        )
        store_cards([(seat.id, seat.card) for seat in self.carded])

    def _create(self, told: Candidate) -> Person:
        person = Person(uuid7(), MemberStatus.ACTIVE, told.name, has_phone=False)
        self.created.append((person.id, told))
        self.people[person.id] = person
        return person

    def _identify(self, person: Person, one: _Keyed) -> bool:
        """Add the identities that are new. Whether there were any."""
        added = False
        for kind, index, value in (
            (IdentityKind.PHONE, one.phone, one.told.phone),
            (IdentityKind.EMAIL, one.email, one.told.email),
        ):
            if index is None or value is None or index in self.by_index:
                continue
            self.identified.append((kind.value, index, value, person.id))
            self.by_index[index] = person
            person.has_phone = person.has_phone or kind is IdentityKind.PHONE
            added = True
        return added

    def _seat(self, person: Person, told: Candidate) -> bool:
        """Make sure that the person is enrolled as `told` says. Whether anything was added."""
        mine = self.seats.get(person.id, [])
        if told.legacy_card is None:
            if mine:
                return False
        elif told.legacy_card in self.by_card:
            return False
        else:
            bare = next((seat for seat in mine if seat.card is None), None)
            if bare is not None:
                bare.card = told.legacy_card
                self.by_card[told.legacy_card] = bare
                if bare.id is not None:
                    self.carded.append(bare)
                return True
        seat = _Seat(person.id, told.legacy_card, told=told)
        self.joined.append(seat)
        self._remember(seat)
        return True

    def _remember(self, seat: _Seat) -> None:
        self.seats.setdefault(seat.member_id, []).append(seat)
        if seat.card is not None:
            self.by_card[seat.card] = seat
