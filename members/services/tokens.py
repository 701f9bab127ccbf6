"""Member tokens: what a member's app shows to read and spend as that member."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet
from django.db.models.functions import Greatest

from common.errors import DomainError
from members.models import Member, MemberStatus, MemberToken

LIFETIME: Final = timedelta(days=30)
_TOKEN = re.compile(r"lm_([A-Za-z0-9_-]{43})", re.ASCII)


class MemberClosed(DomainError):
    """A closed member signs in no more."""

    code = "member_closed"


def issue_member_token(
    *, member: Member, by: str, at: datetime, lifetime: timedelta = LIFETIME
) -> tuple[MemberToken, str]:
    """Make a bearer token for `member`, good for `lifetime`. Returns its row and the token, shown once.

    The token is `lm_<secret>` with 256 random bits; only the SHA-256 of the secret is stored. Of a member who
    was merged away, it is a token of the survivor.

    :raises MemberClosed: the member has left
    """
    member = member.merged_into or member
    if member.status == MemberStatus.CLOSED:
        raise MemberClosed(member=member.number)
    secret = secrets.token_urlsafe(32)
    token = MemberToken.objects.create(
        member=member, token_sha256=_digest(secret), issued_by=by, issued_at=at, expires_at=at + lifetime
    )
    return token, f"lm_{secret}"


def proven_member(*, token: str, at: datetime) -> Member | None:
    """The member whom `token` proves at `at`; None where it is unknown, expired, or the member has left.

    A merge ends the tokens of the one merged away; one that was just being issued proves the survivor.
    Found by its digest: how long the index look-up takes says nothing about the 256 bits behind it.
    """
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    live = MemberToken.objects.filter(token_sha256=_digest(match[1]), issued_at__lte=at, expires_at__gt=at)
    found = live.select_related("member__merged_into").first()
    member = None if found is None else found.member.merged_into or found.member
    return None if member is None or member.status == MemberStatus.CLOSED else member


def end_member_tokens(*, member: Member, at: datetime) -> int:
    """End every live token of `member`: the next request that shows one is refused. How many ended."""
    return _end(MemberToken.objects.filter(member=member), at=at)


def end_tokens_since(*, member: Member, since: datetime, at: datetime) -> int:
    """End those live tokens of `member` that were issued from `since` on. How many ended."""
    return _end(MemberToken.objects.filter(member=member, issued_at__gte=since), at=at)


def _end(tokens: QuerySet[MemberToken], *, at: datetime) -> int:
    # One that another door issued a moment ago, by its own clock, ends as it begins.
    return tokens.filter(expires_at__gt=at).update(expires_at=Greatest("issued_at", at))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
