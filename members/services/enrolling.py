"""The one way in: people as a unit describes them become members, or are found to be members already.

Set-based: a batch costs a constant number of statements, whatever its size. One candidate is a batch of one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from common.errors import DomainError, InvalidRequest
from members.data_keys import keys_of, keys_of_new
from members.models import Enrolment, Identity, IdentityKind, MatchKeyKind, Member, MemberStatus
from members.rules.candidate import Candidate
from members.rules.linkage_features import Features, features_of
from members.rules.linkage_veto import Veto, names_contradict
from members.rules.matching import Likeness, Person, PhoneOfAnother, questions, whose
from members.services.blocking import key_of, known_keys, match_keys, phone_feature
from members.services.linking import Found, Matcher, surviving
from members.services.storing import (
    store_cards,
    store_enrolments,
    store_identities,
    store_match_candidates,
    store_match_keys,
    store_members,
    store_shared,
)
from members.services.wards import freeze_wards, is_ward
from members.vault import DataKey, blind_index
from units.models import BusinessUnit


class NothingIdentifies(InvalidRequest):
    """Neither a legacy card nor a phone: the next mention of this person could not be told from another's."""

    code = "nothing_identifies"
    title = _("There is neither a legacy card nor a phone.")


@dataclass(frozen=True, slots=True)
class Desk:
    """Who enrols, through which channel, when, and whether it is data made for a demo.

    `is_list`: nobody showed the phones and addresses that are told, so that one of somebody with clearly
    another name is a family's, and links nobody. `matcher` looks for people who are like those of the list.
    """

    channel: str
    by: str
    at: datetime
    is_generated: bool = False
    is_list: bool = False
    matcher: Matcher | None = None


class Ending(StrEnum):
    """How a candidate ended."""

    CREATED = "created"
    LINKED = "linked"
    # A new member for now; whether they are somebody known is for a person to decide.
    MATCH_CANDIDATE = "match_candidate"
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
    if desk.matcher is not None:
        desk.matcher.take_turn()
    register.look_up(keyed)
    register.recall(keyed)
    if desk.matcher is not None:
        register.compare(keyed, desk.matcher)
    endings = [register.enrol(place, one) for place, one in enumerate(keyed)]
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

    @property
    def features(self) -> Features:
        """What of it can be compared."""
        return _features(self.told)


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
        self.shared: list[tuple[str, bytes, str, UUID]] = []
        self.joined: list[_Seat] = []
        self.carded: list[_Seat] = []
        self.found = Found({}, {})
        self.placed: dict[int, UUID] = {}
        self.asked: list[tuple[UUID, Likeness]] = []
        self.recalled: set[str] = set()
        self.told: list[tuple[UUID, int, int]] = []

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
        self._know({*owners.values(), *holders.values_list("member_id", flat=True)})
        self.by_index = {index: self.people[member_id] for index, member_id in owners.items()}

    def _know(self, ids: Collection[UUID]) -> None:
        """Read these members and their enrolments at the unit. Three statements, or none for nobody."""
        if not ids:
            return
        phones = Identity.objects.filter(member_id__any_of=ids, kind=IdentityKind.PHONE, is_active=True)
        reachable = set(phones.values_list("member_id", flat=True))
        members = Member.objects.filter(pk__any_of=ids)
        for member_id, status, name, born in members.values_list("pk", "status", "name", "birth_date"):
            self.people[member_id] = Person(member_id, status, name, member_id in reachable, born)
        known = Enrolment.objects.filter(unit=self.unit, member_id__any_of=ids).order_by("pk")
        for pk, member_id, card in known.values_list("pk", "member_id", "legacy_card"):
            self._remember(_Seat(member_id, card, id=pk))

    def compare(self, keyed: Sequence[_Keyed], matcher: Matcher) -> None:
        """Find whom those are like whom no exact identity finds."""
        unknown: dict[int, Features] = {}
        also: dict[int, UUID] = {}
        for place, one in enumerate(keyed):
            owners = [self.by_index[index] for index in (one.phone, one.email) if index in self.by_index]
            is_held = one.told.legacy_card in self.by_card if one.told.legacy_card else False
            if is_held or any(not self._is_shared(owner, one) for owner in owners):
                continue
            unknown[place] = one.features
            if owners:
                also[place] = owners[0].id
        if unknown:
            self.found = matcher.search(unknown, also)
        self.found = surviving(self.found)
        linked = {to for to in self.found.links.values() if isinstance(to, UUID)}
        self._know(linked - self.people.keys())

    def recall(self, keyed: Sequence[_Keyed]) -> None:
        """Which cards came before with the name they come with now, and were linked by likeness."""
        told = {
            self._told_key(one): one.told.legacy_card
            for one in keyed
            if one.told.legacy_card
            and (seat := self.by_card.get(one.told.legacy_card))
            and self.people[seat.member_id].name != one.told.name
        }
        known = known_keys(told)
        self.recalled = {card for key, card in told.items() if key in known}

    def enrol(self, place: int, one: _Keyed) -> Enrolled | DomainError:
        """Where `one`, at `place` of the batch, ends; its refusal, if it has no end."""
        told = one.told
        if told.legacy_card is None and told.phone is None:
            return NothingIdentifies()
        holder = self.by_card.get(told.legacy_card) if told.legacy_card else None
        by_phone, phone_owner = self._owner(one.phone, one)
        by_email, email_owner = self._owner(one.email, one)
        if told.legacy_card is None and phone_owner is not None:
            return PhoneOfAnother()
        try:
            person = whose(
                by_card=self.people[holder.member_id] if holder else None,
                by_phone=by_phone,
                by_email=by_email,
                has_phone=one.phone is not None and phone_owner is None,
                name="" if told.legacy_card in self.recalled else told.name,
            )
        except DomainError as refusal:
            return refusal
        ending = Ending.CREATED
        if person is None:
            person, ending = self._liken(place, one, phone_owner=phone_owner, email_owner=email_owner)
        elif self._add(person, one):
            ending = Ending.LINKED
        else:
            ending = Ending.ALREADY_THERE
        self.placed[place] = person.id
        return Enrolled(person.id, person.status, ending)

    def write(self) -> None:
        """Store what the batch added, identities in index order: two batches never wait in a circle."""
        at, by, channel = self.desk.at, self.desk.by, self.desk.channel
        keys = self._keys()
        store_members(self.created, keys=keys, is_generated=self.desk.is_generated, at=at)
        freeze_wards(self.created, by=by, at=at)
        store_identities(sorted(self.identified), keys=keys, proof=channel, at=at)
        store_shared(self.shared, keys=keys, proof=channel, at=at)
        joined = sorted(self.joined, key=lambda seat: seat.card or "")
        store_enrolments(
            [(seat.member_id, seat.card, seat.told) for seat in joined if seat.told],
            keys=keys,
            unit_id=self.unit.pk,
            channel=channel,
            by=by,
            at=at,
        )
        store_cards([(seat.id, seat.card) for seat in self.carded])
        store_match_keys(
            [
                (member_id, kind, key)
                for member_id, told in self.created
                for key, kind in match_keys(_features(told)).items()
            ]
            + self.told
        )
        store_match_candidates(self.asked, unit_id=self.unit.pk, at=at)

    def _keys(self) -> dict[UUID, DataKey]:
        """The data keys that the batch closes with. One statement for the new, one more for the known."""
        new = [member_id for member_id, _told in self.created]
        about = {member_id for _kind, _index, _value, member_id in self.identified + self.shared}
        about |= {seat.member_id for seat in self.joined if seat.told and seat.told.attributes}
        return keys_of_new(new) | keys_of(about.difference(new))

    def _told_key(self, one: _Keyed) -> int:
        return key_of("told", f"{self.unit.pk} {one.told.legacy_card} {one.told.name}")

    def _owner(self, index: bytes | None, one: _Keyed) -> tuple[Person | None, Person | None]:
        """(whom an identity names, who merely shares it): one of them at most."""
        owner = self.by_index.get(index) if index else None
        return (None, owner) if owner is not None and self._is_shared(owner, one) else (owner, None)

    def _is_shared(self, owner: Person, one: _Keyed) -> bool:
        if not self.desk.is_list or owner.name == one.told.name:
            return False
        known = features_of(name=owner.name, birth_date=owner.birth_date)
        return names_contradict(known, features_of(name=one.told.name, birth_date=one.told.birth_date))

    def _liken(
        self, place: int, one: _Keyed, *, phone_owner: Person | None, email_owner: Person | None
    ) -> tuple[Person, Ending]:
        """The member whom the row all but certainly is; else a new one, asked about if it may be somebody."""
        likely = [
            replace(alike.likeness, member_id=to)
            for alike in self.found.alike.get(place, ())
            if (to := self._placed(alike.to)) is not None
        ]
        shares = [(phone_owner, Veto.SHARED_PHONE, "phone"), (email_owner, Veto.SHARED_EMAIL, "email")]
        for owner, why, field in shares:
            if owner is None:
                continue
            scored = [likeness for likeness in likely if likeness.member_id == owner.id]
            likely = [likeness for likeness in likely if likeness.member_id != owner.id]
            plain = Likeness(owner.id, 0.0, {"name": "different", field: "same"}, None)
            likely.append(replace(scored[0] if scored else plain, veto=why))
        matcher = self.desk.matcher
        link = self._placed(self.found.links[place]) if place in self.found.links else None
        if link is not None and link not in (one.id for one in (phone_owner, email_owner) if one):
            person = self.people[link]
            self._add(person, one)
            # The first description stays, so the card must be known again by the name that came with it.
            self.told.append((person.id, MatchKeyKind.TOLD.value, self._told_key(one)))
            return person, Ending.LINKED
        person = self._create(one.told)
        self._add(person, one)
        for owner, kind, index, value in (
            (phone_owner, IdentityKind.PHONE, one.phone, one.told.phone),
            (email_owner, IdentityKind.EMAIL, one.email, one.told.email),
        ):
            if owner is not None and index is not None and value is not None:
                self.shared.append((kind.value, index, value, person.id))
        asks = questions(
            likely,
            link_above=matcher.link_above if matcher else 1.0,
            ask_above=matcher.ask_above if matcher else 1.0,
        )
        self.asked += [(person.id, ask) for ask in asks]
        return person, Ending.MATCH_CANDIDATE if asks else Ending.CREATED

    def _placed(self, to: UUID | int) -> UUID | None:
        """The member; of a row the one it ended at, None where it was refused."""
        return to if isinstance(to, UUID) else self.placed.get(to)

    def _add(self, person: Person, one: _Keyed) -> bool:
        """What the row brings. Whether there was anything new."""
        is_identified = self._identify(person, one)
        return self._seat(person, one.told) or is_identified

    def _create(self, told: Candidate) -> Person:
        ward = is_ward(told.birth_date, at=self.desk.at)
        status = MemberStatus.FROZEN if ward else MemberStatus.ACTIVE
        person = Person(uuid7(), status, told.name, has_phone=False, birth_date=told.birth_date)
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


def _features(told: Candidate) -> Features:
    return features_of(
        name=told.name,
        birth_date=told.birth_date,
        gender=told.gender,
        address=told.address,
        phone=phone_feature(told.phone),
        email=told.email,
    )
