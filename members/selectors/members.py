"""Members by what names them: a unit's card, a phone in any usual form, a member number, a plate.

Whoever names a member who was merged away means the survivor, and is answered with the survivor.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import QuerySet

from common.errors import InvalidRequest, NotFound
from members.models import Enrolment, Identity, IdentityKind, Member
from members.rules.normalise import normal_card, normal_phone
from members.rules.number import is_member_number
from members.rules.plate import normal_plate
from members.vault import blind_index
from units.models import BusinessUnit

Key = TypeVar("Key", str, bytes)
Found = tuple[UUID, str]


def member_by_ref(*, unit: BusinessUnit, ref: str) -> Member:
    """The member that `unit` means by `ref`: its own card first, then a member number, then a phone.

    :raises NotFound: nobody, or nothing that could name anybody
    """
    found = members_by_refs(unit=unit, refs=[ref])
    if ref not in found:
        raise NotFound
    return _survivor(found[ref][0])


def members_by_refs(*, unit: BusinessUnit, refs: Collection[str]) -> dict[str, Found]:
    """Ref → (member id, status) for every ref that names somebody at `unit`; see member_by_ref.

    Three queries at most, whatever the number of refs, and one more where somebody was merged away: this is
    on the hot path of the imports.
    """
    found = _named(set(refs), _as_card, partial(_by_card, unit))
    found |= _named(set(refs) - found.keys(), _as_number, _by_number)
    found |= _named(set(refs) - found.keys(), _as_phone_index, _by_index)
    return found


def members_by_ids(ids: Collection[UUID]) -> dict[UUID, Found]:
    """Id → (member id, status) of those that exist: an alias's id answers its survivor."""
    rows = Member.objects.filter(pk__any_of=ids).values_list("pk", "pk", "status", "merged_into_id")
    return _surviving(rows)


def member_by_card(*, unit: BusinessUnit, card: str) -> Member:
    """The holder of `card` at `unit`.

    :raises NotFound: nobody
    """
    return _one(_named({card}, _as_card, partial(_by_card, unit)))


def member_by_number(number: str) -> Member:
    """The member whose number is `number`.

    :raises NotFound: nobody, or no number of ours
    """
    return _one(_named({number}, _as_number, _by_number))


def member_by_identity(*, kind: IdentityKind, value: str) -> Member:
    """The member whom an active identity `value`, in its normal form, belongs to.

    :raises NotFound: nobody
    """
    return _one(_by_index({blind_index(kind, value)}, kind=kind))


def member_by_phone(phone: str) -> Member:
    """The member whose phone is `phone`, in any usual form.

    :raises BadPhone: no phone is written like this
    :raises NotFound: nobody
    """
    return member_by_identity(kind=IdentityKind.PHONE, value=normal_phone(phone))


def member_by_plate(plate: str) -> Member:
    """The member whose car carries `plate`.

    :raises BadPlate: no plate is written like this
    :raises NotFound: nobody
    """
    return member_by_identity(kind=IdentityKind.PLATE, value=normal_plate(plate))


def member_named(named: Mapping[str, str], *, unit: BusinessUnit) -> Member:
    """Whom a system at `unit` means by exactly one of id, number, phone, card (of `unit`) and plate.

    :raises BadPhone: no phone is written like this
    :raises BadPlate: no plate is written like this
    :raises NotFound: nobody
    """
    ((way, value),) = named.items()
    match way:
        case "id":
            return _member_by_id(value)
        case "number":
            return member_by_number(value)
        case "phone":
            return member_by_phone(value)
        case "plate":
            return member_by_plate(value)
        case _:
            assert way == "card", f"nothing names a member by {way}"
            return member_by_card(unit=unit, card=value)


def members_named(named: Iterable[Mapping[str, str]], *, unit: BusinessUnit) -> dict[tuple[str, str], UUID]:
    """(way, value) → member id of each name that names somebody, as `member_named`; a query for each way."""
    by_way: dict[str, set[str]] = {}
    for one in named:
        ((way, value),) = one.items()
        by_way.setdefault(way, set()).add(value)
    looks: dict[str, Callable[[set[str]], dict[str, Found]]] = {
        "id": _by_id,
        "number": lambda refs: _named(refs, _as_number, _by_number),
        "phone": lambda refs: _named(refs, _as_phone_index, _by_index),
        "card": lambda refs: _named(refs, _as_card, partial(_by_card, unit)),
        "plate": lambda refs: _named(refs, _as_plate_index, partial(_by_index, kind=IdentityKind.PLATE)),
    }
    return {
        (way, value): member_id
        for way, values in by_way.items()
        for value, (member_id, _status) in looks[way](values).items()
    }


def enrolments_of(*, member_id: UUID) -> QuerySet[Enrolment]:
    """The units that know the member, unordered: the list's door orders its pages."""
    return Enrolment.objects.filter(member_id=member_id).select_related("unit")


def enrolment_at(*, member_id: UUID, unit: BusinessUnit) -> Enrolment | None:
    """The member's enrolment at `unit`, the oldest of several; None where the unit does not know them."""
    return Enrolment.objects.filter(member_id=member_id, unit=unit).order_by("joined_at", "pk").first()


def active_identities(*, member_id: UUID) -> list[tuple[str, str]]:
    """(kind, value in clear) of each active identity, by kind: the door masks."""
    found = Identity.objects.filter(member_id=member_id, is_active=True).order_by("kind", "pk")
    return list(found.values_list("kind", "value"))


def _member_by_id(text: str) -> Member:
    # Python reads an id in many spellings; ours has one.
    try:
        named = UUID(text)
    except ValueError as malformed:
        raise NotFound from malformed
    found = Member.objects.select_related("merged_into").filter(pk=named).first()
    if found is None or str(named) != text.lower():
        raise NotFound
    return found.merged_into or found


def _named(
    refs: set[str],
    spell: Callable[[str], Key | None],
    look_up: Callable[[set[Key]], dict[Key, Found]],
) -> dict[str, Found]:
    """Those of `refs` that name somebody when `spell` reads them. One query; none if nothing can be read."""
    spelled = {ref: key for ref in refs if (key := spell(ref)) is not None}
    known = look_up(set(spelled.values())) if spelled else {}
    return {ref: known[key] for ref, key in spelled.items() if key in known}


def _as_card(ref: str) -> str | None:
    # Most refs are plain ASCII already; the rest is normalised, and what cannot be a card names nobody.
    if ref.isascii() and ref.isalnum() and len(ref) <= 40:
        return ref
    return _normal(normal_card, ref)


def _as_number(ref: str) -> str | None:
    number = ref.strip()
    return number if is_member_number(number) else None


def _as_phone_index(ref: str) -> bytes | None:
    phone = _normal(normal_phone, ref)
    return None if phone is None else blind_index(IdentityKind.PHONE, phone)


def _as_plate_index(ref: str) -> bytes | None:
    plate = _normal(normal_plate, ref)
    return None if plate is None else blind_index(IdentityKind.PLATE, plate)


def _normal(normalise: Callable[[str], str], ref: str) -> str | None:
    try:
        return normalise(ref)
    except InvalidRequest:
        return None


def _by_card(unit: BusinessUnit, cards: Collection[str]) -> dict[str, Found]:
    rows = Enrolment.objects.filter(unit=unit, legacy_card__any_of=cards)
    told = rows.values_list("legacy_card", "member_id", "member__status", "member__merged_into_id")
    return {str(card): found for card, found in _surviving(told).items()}


def _by_id(texts: Collection[str]) -> dict[str, Found]:
    # Python reads an id in many spellings; ours has one.
    spelled = {}
    for text in texts:
        try:
            spelled[UUID(text)] = text
        except ValueError:
            continue
    rows = Member.objects.filter(pk__in=[pk for pk, text in spelled.items() if str(pk) == text.lower()])
    told = rows.values_list("pk", "pk", "status", "merged_into_id")
    return {spelled[pk]: found for pk, found in _surviving(told).items()}


def _by_number(numbers: Collection[str]) -> dict[str, Found]:
    rows = Member.objects.filter(number__any_of=numbers)
    return _surviving(rows.values_list("number", "pk", "status", "merged_into_id"))


def _by_index(indexes: Collection[bytes], *, kind: IdentityKind = IdentityKind.PHONE) -> dict[bytes, Found]:
    rows = Identity.objects.filter(kind=kind, blind_index__any_of=indexes, is_active=True)
    told = rows.values_list("blind_index", "member_id", "member__status", "member__merged_into_id")
    return {bytes(index): found for index, found in _surviving(told).items()}


def _surviving(rows: Iterable[tuple[Any, UUID, str, UUID | None]]) -> dict[Any, Found]:
    """Key → (member id, status), of the survivor where the row's member was merged away."""
    told = list(rows)
    into = {merged_into for _key, _member, _status, merged_into in told if merged_into}
    statuses = dict(Member.objects.filter(pk__any_of=into).values_list("pk", "status")) if into else {}
    return {
        key: (merged_into, statuses[merged_into]) if merged_into else (member, status)
        for key, member, status, merged_into in told
    }


def _survivor(member_id: UUID) -> Member:
    found = Member.objects.select_related("merged_into").get(pk=member_id)
    return found.merged_into or found


def _one(found: Mapping[Key, Found]) -> Member:
    for member_id, _status in found.values():
        return Member.objects.get(pk=member_id)
    raise NotFound
