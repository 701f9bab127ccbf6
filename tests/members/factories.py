"""People to test with, made through the services that make them in life."""

from itertools import count

from members.models import Identity, IdentityKind, Member
from members.rules.number import with_check_digit
from members.services.enrolment import enrol_member
from members.services.tokens import issue_member_token
from members.vault import blind_index
from tests.factories import LONG_AGO, NOW
from units.models import BusinessUnit

_serial = count(1)


def enrol(unit: BusinessUnit, **told):
    """An enrolment at `unit`; without a phone or a card, a phone is made up."""
    if not {"phone", "legacy_card"} & told.keys():
        told["phone"] = f"139{next(_serial):08d}"
    return enrol_member(
        unit=unit, **{"channel": "counter", "joined_at": LONG_AGO, "by": "test", "at": NOW} | told
    )


def numbered_member(**fields) -> Member:
    """A member with a number that passes its check, and nothing else."""
    return Member.objects.create(
        **{"number": with_check_digit(f"7{next(_serial):010d}"), "joined_at": LONG_AGO} | fields
    )


def add_identity(member: Member, kind: IdentityKind, value: str, **fields) -> Identity:
    return Identity.objects.create(
        member=member,
        kind=kind,
        value=value,
        blind_index=blind_index(kind, value),
        **{"proof": "test", "proven_at": NOW} | fields,
    )


def token_of(member: Member, **fields) -> str:
    return issue_member_token(member=member, **{"by": "test", "at": NOW} | fields)[1]
