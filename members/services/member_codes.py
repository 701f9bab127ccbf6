"""Show a member code, and tell whose a shown one is. Guessing is counted and limited.

Nothing is stored for a code that is shown; one that is used is remembered by who uses it (benefits).
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError
from members.models import CodeGuess, Member, MemberStatus
from members.rules.member_code import (
    SECONDS,
    CodeFacts,
    digest_of,
    digits_of,
    facts_by_digits,
    facts_in,
    is_alive,
    number_in,
    text_of,
)
from members.selectors.aliases import survivor_of
from members.services.households import MemberSuspended

_SALT: Final = "members.member_code"
# Wrong digits at one number, whoever types them; and by one caller, at whatever numbers.
GUESSES_AT_A_NUMBER: Final = (5, timedelta(minutes=5))
GUESSES_BY_A_CALLER: Final = (30, timedelta(minutes=5))


class MemberCodeWrong(DomainError):
    """No living code of a member reads like this. Facts: none, or a guess would learn from them."""

    code = "member_code_wrong"
    title = _("This code is wrong or too old. The member can show a new one.")

    def __init__(self, *, number: str = "") -> None:
        super().__init__()
        self.number = number


class MemberCodeExpired(DomainError):
    """It was ours, and its minute is over."""

    code = "member_code_expired"
    title = _("This code is too old. The member can show a new one.")


class TooManyWrongCodes(DomainError):
    """Wrong codes were typed too often. The QR code still works: it cannot be guessed."""

    code = "too_many_wrong_codes"
    status = 429
    title = _("Wrong codes were typed too often. Scan the QR code, or wait.")


@dataclass(frozen=True, slots=True)
class MadeCode:
    """A code to be shown: as text for a QR code, as digits, and until when."""

    text: str
    digits: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ShownCode:
    """Whose code was shown (under which id they go on), for which entitlement, and what names it for ever."""

    member_id: UUID
    right_id: UUID | None
    digest: bytes


def make_member_code(*, member: Member, right_id: UUID | None = None, at: datetime) -> MadeCode:
    """A code of `member`, good for a minute; for one entitlement only, where one is named. Stores nothing.

    :raises MemberSuspended: the member is frozen or closed
    """
    if member.status != MemberStatus.ACTIVE:
        raise MemberSuspended
    facts, key = CodeFacts(member.pk, right_id, _second(at)), _key()
    return MadeCode(
        text=text_of(facts, key),
        digits=digits_of(facts, member.number, key),
        expires_at=datetime.fromtimestamp(facts.second + SECONDS, UTC),
    )


def proven_code(
    *,
    code: str,
    caller: str,
    at: datetime,
    rights: Callable[[UUID], Iterable[UUID]] = lambda _member_id: (),
) -> ShownCode:
    """Whose living code this is. `rights` are those of a member that typed digits may be for.

    Spaces and dashes between digits are of no account. A door that catches MemberCodeWrong calls
    `note_wrong_code`, outside the transaction that the refusal undoes.

    :raises MemberCodeWrong: nobody's, or digits that are too old
    :raises MemberCodeExpired: a QR code that is too old
    :raises TooManyWrongCodes: wrong digits were typed too often, at this number or by this caller
    """
    key = _key()
    facts = facts_in(code, key)
    if facts is not None:
        if not is_alive(facts, _second(at)):
            raise MemberCodeExpired
        return _shown(facts, key)
    digits = code.replace(" ", "").replace("-", "")
    number = number_in(digits)
    if number is None:
        raise MemberCodeWrong
    _refuse_guessing(number, caller, at)
    member_id = Member.objects.filter(number=number).values_list("pk", flat=True).first()
    if member_id is not None:
        asked = (None, *rights(survivor_of(member_id)))
        facts = facts_by_digits(digits, member_id=member_id, rights=asked, second=_second(at), key=key)
    if facts is None:
        raise MemberCodeWrong(number=number)
    return _shown(facts, key)


def note_wrong_code(*, wrong: MemberCodeWrong, caller: str, at: datetime) -> None:
    """Count a guess. What is no code at all is no guess."""
    if wrong.number:
        CodeGuess.objects.create(number=wrong.number, caller=caller, guessed_at=at)


def _refuse_guessing(number: str, caller: str, at: datetime) -> None:
    limits = (
        (GUESSES_AT_A_NUMBER, {"number": number}),
        (GUESSES_BY_A_CALLER, {"caller": caller}),
    )
    for (count_max, window), whose in limits:
        recent = CodeGuess.objects.filter(**whose, guessed_at__gt=at - window)
        guesses = list(recent.order_by("-guessed_at").values_list("guessed_at", flat=True)[:count_max])
        if len(guesses) == count_max:
            refusal = TooManyWrongCodes()
            refusal.retry_after = max(1, math.ceil((guesses[-1] + window - at).total_seconds()))
            raise refusal


def _shown(facts: CodeFacts, key: bytes) -> ShownCode:
    return ShownCode(survivor_of(facts.member_id), facts.right_id, digest_of(facts, key))


def _second(at: datetime) -> int:
    return math.floor(at.timestamp())


def _key() -> bytes:
    return salted_hmac(_SALT, "key", algorithm="sha256").digest()
