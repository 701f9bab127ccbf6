"""Member codes: what a member shows for a minute to prove that it is they who stand at the desk.

A code is signed, not stored: HMAC-SHA256 over member, entitlement (where it is for one) and the second at
which it was made. It comes in two forms that are one code: a text for a QR code that carries everything, and
twenty digits to be typed: the member number and eight digits of the signature, as one-time passwords cut it
(RFC 4226, section 5.3). Whoever types digits may guess: 70 seconds are good at a time, so one guess in 1.4
million is right, and guesses are counted (members/services/member_codes.py).
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

SECONDS: Final = 60
# Web servers whose clocks differ, and a till that is slow: at either end.
SKEW_SECONDS: Final = 10
SIGNED_DIGITS: Final = 8
_PREFIX: Final = "LM1."
_MAC_BYTES: Final = 16
_TEXT = re.compile(r"LM1\.[A-Z2-7]{60,90}", re.ASCII)
_DIGITS = re.compile(r"[0-9]{20}", re.ASCII)
_NUMBER_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """Whose code, for which entitlement (None: for any), made at which second since 1970."""

    member_id: UUID
    right_id: UUID | None
    second: int


def digest_of(facts: CodeFacts, key: bytes) -> bytes:
    """The whole signature: what the code is, whichever form it is shown in."""
    return hmac.new(key, _packed(facts), hashlib.sha256).digest()


def text_of(facts: CodeFacts, key: bytes) -> str:
    """What the QR code holds: letters and digits only, which QR packs tightest."""
    signed = _packed(facts) + digest_of(facts, key)[:_MAC_BYTES]
    return _PREFIX + base64.b32encode(signed).decode().rstrip("=")


def digits_of(facts: CodeFacts, number: str, key: bytes) -> str:
    """Twenty digits: the member number, then eight of the signature."""
    return number + _cut(digest_of(facts, key))


def facts_in(text: str, key: bytes) -> CodeFacts | None:
    """What a QR code's text says, if it was signed with `key`; None: it is none of ours."""
    if not _TEXT.fullmatch(text):
        return None
    packed = text.removeprefix(_PREFIX)
    try:
        signed = base64.b32decode(packed + "=" * (-len(packed) % 8))
    except binascii.Error:
        return None
    said, mac = signed[:-_MAC_BYTES], signed[-_MAC_BYTES:]
    if len(said) not in (21, 37):
        return None
    facts = _unpacked(said)
    if not hmac.compare_digest(digest_of(facts, key)[:_MAC_BYTES], mac):
        return None
    # Base 32 leaves a few bits over: only the spelling that was made is the code.
    return facts if text_of(facts, key) == text else None


def is_alive(facts: CodeFacts, second: int) -> bool:
    """Whether the code is good at `second`: for a minute, and ten seconds of grace at either end."""
    return -SKEW_SECONDS <= second - facts.second < SECONDS + SKEW_SECONDS


def number_in(digits: str) -> str | None:
    """The member number that twenty typed digits begin with; None: this is no such code."""
    return digits[:_NUMBER_DIGITS] if _DIGITS.fullmatch(digits) else None


def facts_by_digits(
    digits: str, *, member_id: UUID, rights: Iterable[UUID | None], second: int, key: bytes
) -> CodeFacts | None:
    """Which living code of the member, for one of `rights`, reads `digits`; None: none does."""
    found = None
    for right_id in rights:
        for made in range(second - SECONDS - SKEW_SECONDS + 1, second + SKEW_SECONDS + 1):
            facts = CodeFacts(member_id, right_id, made)
            # All are tried, so that the time it takes tells nothing.
            if hmac.compare_digest(_cut(digest_of(facts, key)), digits[_NUMBER_DIGITS:]):
                found = facts
    return found


def _cut(digest: bytes) -> str:
    """Eight digits of a signature."""
    start = digest[-1] & 0xF
    whole = int.from_bytes(digest[start : start + 8]) & 0x7FFF_FFFF_FFFF_FFFF
    return f"{whole % 10**SIGNED_DIGITS:0{SIGNED_DIGITS}}"


def _packed(facts: CodeFacts) -> bytes:
    right = b"" if facts.right_id is None else facts.right_id.bytes
    return facts.second.to_bytes(5) + facts.member_id.bytes + right


def _unpacked(said: bytes) -> CodeFacts:
    right = said[21:]
    return CodeFacts(
        member_id=UUID(bytes=said[5:21]),
        right_id=UUID(bytes=right) if right else None,
        second=int.from_bytes(said[:5]),
    )
