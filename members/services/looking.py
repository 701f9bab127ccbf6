"""Somebody looks at a member's personal data: on a ground that holds, with a row that the member sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, InvalidRequest
from members.models import AccessKind, DataAccess, Identity, IdentityKind, Member
from members.rules.normalise import normal_text
from members.selectors.consents import Ground, ground_of
from units.models import BusinessUnit

REASON_CHARACTERS_MAX: Final = 200
FIELDS: Final = (
    "name", "birth_date", "gender", "address",
    IdentityKind.PHONE.value, IdentityKind.EMAIL.value, IdentityKind.PLATE.value,
)  # fmt: skip
_DAY: Final = timedelta(days=1)


class RevealReasonMissing(InvalidRequest):
    """Whoever looks says why; the member reads it."""

    code = "reveal_reason_missing"
    title = _("Please say why you need to see this. The member will read it.")


class NothingToReveal(InvalidRequest):
    """No field was named, or none that there is."""

    code = "nothing_to_reveal"
    title = _("Choose what to show.")


class TooManyReveals(DomainError):
    """An operator shows so many a day. Facts: `most`."""

    code = "too_many_reveals"
    status = 429
    title = _("You have seen as many members in full today as one person may.")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a unit may see of somebody, and on what ground; `values` by field."""

    ground: Ground
    values: Mapping[str, str]


@transaction.atomic
def look_as_unit(
    *, member_id: UUID, unit: BusinessUnit, fields: Sequence[str], by: str, at: datetime
) -> Seen | None:
    """What `unit` may see of the member's `fields`; None where it may see nothing.

    Under consent the look is recorded in this transaction, and a withdrawal waits for it: after a withdrawal
    was committed no look returns anything. A unit's looks at its own customers are not recorded.
    """
    ground = ground_of(member_id=member_id, unit=unit, hold_to_the_end=True)
    if ground is None:
        return None
    values = _values(member_id, fields)
    if ground is Ground.CONSENT and values:
        _record(
            member_id=member_id,
            unit=unit,
            kind=AccessKind.READ,
            fields=list(values),
            basis=ground.value,
            by=by,
            at=at,
        )
    return Seen(ground, values)


@transaction.atomic
def reveal_member(
    *, member_id: UUID, fields: Sequence[str], reason: str, by: str, at: datetime
) -> Mapping[str, str]:
    """Show an operator `fields` of the member in full. Look and reason are kept; the member sees both.

    :raises RevealReasonMissing: no reason
    :raises NothingToReveal: no field
    :raises TooManyReveals: REVEALS_PER_DAY members in the last 24 hours
    """
    words = normal_text(reason, characters_max=REASON_CHARACTERS_MAX, field="reason")
    if not words:
        raise RevealReasonMissing(field="reason")
    if not fields or not set(fields) <= set(FIELDS):
        raise NothingToReveal(field="fields")
    recent = DataAccess.objects.filter(by=by, kind=AccessKind.REVEAL, at__gt=at - _DAY)
    seen = recent.exclude(member_id=member_id).values("member_id").distinct().count()
    if seen >= settings.REVEALS_PER_DAY:
        raise TooManyReveals(most=settings.REVEALS_PER_DAY)
    _record(
        member_id=member_id,
        kind=AccessKind.REVEAL,
        fields=fields,
        basis="reveal_member",
        reason=words,
        by=by,
        at=at,
    )
    return _values(member_id, fields)


def record_export(*, member_id: UUID, by: str, at: datetime) -> DataAccess:
    """A copy of everything was handed out at the member's wish: they see when, if it was not they."""
    return _record(
        member_id=member_id, kind=AccessKind.EXPORT, fields=["all"], basis="data_export", by=by, at=at
    )


def _values(member_id: UUID, fields: Sequence[str]) -> dict[str, str]:
    """What is known of `fields`; several identities of a kind are joined by a comma."""
    member = Member.objects.get(pk=member_id)
    told = {
        "name": member.name,
        "birth_date": "" if member.birth_date is None else member.birth_date.isoformat(),
        "gender": member.gender,
        "address": member.address,
    }
    values = {field: told[field] for field in fields if told.get(field)}
    kinds = [field for field in fields if field in IdentityKind.values]
    if kinds:
        identities = Identity.objects.filter(member_id=member_id, kind__in=kinds, is_active=True)
        for kind, value in identities.order_by("pk").values_list("kind", "value"):
            values[kind] = f"{values[kind]}, {value}" if kind in values else value
    return values


def _record(
    *,
    member_id: UUID,
    kind: AccessKind,
    fields: Sequence[str],
    basis: str,
    by: str,
    at: datetime,
    unit: BusinessUnit | None = None,
    reason: str = "",
) -> DataAccess:
    return DataAccess.objects.create(
        member_id=member_id,
        unit=unit,
        kind=kind,
        fields=sorted(fields),
        basis=basis,
        reason=reason,
        by=by,
        at=at,
    )
