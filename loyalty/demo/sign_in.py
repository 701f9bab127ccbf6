"""How to sign in to the demo: an operator, a member, a partner system. Made per demo, kept in one file.

The database keeps only digests; a second start shows the same secrets from the file, or, without it, makes
new ones.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from django.contrib.auth.models import User
from django.db.models import Count, Q

from loyalty.demo.group import GROUP
from members.models import Member
from members.services.tokens import issue_member_token, proven_member
from units.models import BusinessUnit, PartnerKey
from units.services.partner_keys import SCOPES, issue_partner_key, proven_partner_key, revoke_partner_key

OPERATOR = "demo"
PARTNER = "Demo till"
BY = "demo"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Secrets of the demo: whoever reads them may do everything in it, and nothing elsewhere."""

    operator: str
    password: str
    member_number: str
    member_token: str
    partner_token: str


def sign_in(file: Path, *, at: datetime) -> SignIn:
    """The kept sign-in if all of it still works; else a new one, and the old one ends."""
    kept = _kept(file)
    if kept is not None and _works(kept, at):
        return kept
    made = _make(at)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps(asdict(made)))
    os.chmod(file, 0o600)  # noqa: PTH101 -- a file that was there keeps its mode otherwise
    return made


def member_to_show() -> Member:
    """A member with a lively statement: points of most businesses left, and most often seen."""
    return (
        Member.objects.annotate(
            left=Count("wallets", filter=Q(wallets__balance__gt=0), distinct=True),
            units=Count("enrolments", distinct=True),
        )
        .order_by("-left", "-units", "joined_at", "number")
        .first()
        or Member.objects.get()
    )


def _kept(file: Path) -> SignIn | None:
    try:
        return SignIn(**json.loads(file.read_text()))
    except FileNotFoundError:
        return None


def _works(kept: SignIn, at: datetime) -> bool:
    operator = User.objects.filter(username=kept.operator, is_active=True).first()
    return (
        operator is not None
        and operator.check_password(kept.password)
        and proven_member(token=kept.member_token, at=at) is not None
        and proven_partner_key(kept.partner_token) is not None
    )


def _make(at: datetime) -> SignIn:
    password = secrets.token_urlsafe(12)
    operator, _ = User.objects.get_or_create(
        username=OPERATOR, defaults={"is_staff": True, "is_superuser": True}
    )
    operator.set_password(password)
    operator.save()
    for key in PartnerKey.objects.filter(name=PARTNER, revoked_at__isnull=True):
        revoke_partner_key(key=key, by=BY, at=at)
    units = list(BusinessUnit.objects.filter(code__in=[unit.code for unit in GROUP]))
    _key, partner_token = issue_partner_key(name=PARTNER, units=units, scopes=SCOPES, by=BY, at=at)
    member = member_to_show()
    _token, member_token = issue_member_token(member=member, by=BY, at=at)
    return SignIn(OPERATOR, password, member.number, member_token, partner_token)
