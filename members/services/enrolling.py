"""The one way in: people as a unit describes them become members, or are found to be members already.

Set-based: a batch costs a constant number of statements, whatever its size. One candidate is a batch of one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, InvalidRequest
from members.models import Enrolment, Identity, IdentityKind, Member, MemberStatus
from members.rules.matching import Person, whose
from members.rules.number import new_member_number
from members.vault import blind_index
from units.models import BusinessUnit


class NothingIdentifies(InvalidRequest):
    """Neither a legacy card nor a phone: the next mention of this person could not be told from another's."""

    code = "nothing_identifies"
    title = _("There is neither a legacy card nor a phone.")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person as a unit describes them; every value in its normal form (members/rules/normalise.py)."""

    joined_at: datetime
    legacy_card: str | None = None
    phone: str | None = None
    email: str | None = None
    name: str = ""
    birth_date: date | None = None
    gender: str = ""
    address: str = ""
    tier_hint: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


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
    """A candidate's enrolment, its member's id and status, and how it came about."""

    enrolment: Enrolment
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


class _Register:
    """What is known of a batch, and what it adds. Later rows of a batch see what earlier ones added."""

    def __init__(self, unit: BusinessUnit, desk: Desk) -> None:
        self.unit, self.desk = unit, desk
        self.people: dict[UUID, Person] = {}
        self.by_index: dict[bytes, Person] = {}
        self.enrolments: dict[UUID, list[Enrolment]] = {}
        self.by_card: dict[str, Enrolment] = {}
        self.members: list[Member] = []
        self.identities: list[Identity] = []
        self.joined: list[Enrolment] = []
        self.carded: list[Enrolment] = []

    def look_up(self, keyed: Iterable[_Keyed]) -> None:
        """Find whom the batch may name: five statements, or two where it names nobody known."""
        cards = {one.told.legacy_card for one in keyed if one.told.legacy_card}
        indexes = {index for one in keyed for index in (one.phone, one.email) if index}
        holders = Enrolment.objects.filter(unit=self.unit, legacy_card__in=cards)
        found = Identity.objects.filter(
            kind__in=[IdentityKind.PHONE, IdentityKind.EMAIL], blind_index__in=indexes, is_active=True
        )
        owners = {bytes(index): member for index, member in found.values_list("blind_index", "member_id")}
        ids = {*owners.values(), *holders.values_list("member_id", flat=True)}
        if not ids:
            return
        reachable = set(
            Identity.objects.filter(member_id__in=ids, kind=IdentityKind.PHONE, is_active=True).values_list(
                "member_id", flat=True
            )
        )
        for member_id, status, name in Member.objects.filter(pk__in=ids).values_list("pk", "status", "name"):
            self.people[member_id] = Person(member_id, status, name, member_id in reachable)
        for enrolment in Enrolment.objects.filter(unit=self.unit, member_id__in=ids).order_by("pk"):
            self._remember(enrolment)
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
        ending = Ending.ALREADY_THERE
        if person is None:
            person, ending = self._create(told), Ending.CREATED
        if self._identify(person, one) and ending is Ending.ALREADY_THERE:
            ending = Ending.LINKED
        enrolment, is_new = self._join(person, told)
        if is_new and ending is Ending.ALREADY_THERE:
            ending = Ending.LINKED
        return Enrolled(enrolment, person.id, person.status, ending)

    def write(self) -> None:
        """Store what the batch added, identities in index order: two batches never wait in a circle."""
        Member.objects.bulk_create(self.members, batch_size=1_000)
        Identity.objects.bulk_create(
            sorted(self.identities, key=lambda identity: (identity.kind, identity.blind_index)),
            batch_size=1_000,
        )
        Enrolment.objects.bulk_create(
            sorted(self.joined, key=lambda enrolment: enrolment.legacy_card or ""), batch_size=1_000
        )
        Enrolment.objects.bulk_update(self.carded, ["legacy_card"], batch_size=1_000)

    def _create(self, told: Candidate) -> Person:
        member = Member(
            number=new_member_number(),
            name=told.name,
            birth_date=told.birth_date,
            gender=told.gender,
            address=told.address,
            is_generated=self.desk.is_generated,
            joined_at=told.joined_at,
        )
        self.members.append(member)
        person = Person(member.pk, MemberStatus.ACTIVE, told.name, has_phone=False)
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
            self.identities.append(
                Identity(
                    member_id=person.id,
                    kind=kind,
                    value=value,
                    blind_index=index,
                    proof=self.desk.channel,
                    proven_at=self.desk.at,
                )
            )
            self.by_index[index] = person
            person.has_phone = person.has_phone or kind is IdentityKind.PHONE
            added = True
        return added

    def _join(self, person: Person, told: Candidate) -> tuple[Enrolment, bool]:
        """The person's enrolment that `told` means, and whether anything was added."""
        mine = self.enrolments.get(person.id, [])
        if told.legacy_card is None and mine:
            return mine[0], False
        if told.legacy_card is not None:
            if told.legacy_card in self.by_card:
                return self.by_card[told.legacy_card], False
            bare = next((enrolment for enrolment in mine if enrolment.legacy_card is None), None)
            if bare is not None:
                bare.legacy_card = told.legacy_card
                self.by_card[told.legacy_card] = bare
                if bare.pk is not None:
                    self.carded.append(bare)
                return bare, True
        enrolment = Enrolment(
            member_id=person.id,
            unit=self.unit,
            legacy_card=told.legacy_card,
            channel=self.desk.channel,
            tier_hint=told.tier_hint,
            joined_at=told.joined_at,
            attributes=dict(told.attributes),
            enrolled_by=self.desk.by,
            created_at=self.desk.at,
        )
        self.joined.append(enrolment)
        self._remember(enrolment)
        return enrolment, True

    def _remember(self, enrolment: Enrolment) -> None:
        self.enrolments.setdefault(enrolment.member_id, []).append(enrolment)
        if enrolment.legacy_card is not None:
            self.by_card[enrolment.legacy_card] = enrolment
