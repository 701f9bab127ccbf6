"""Look a voucher up by its code, and let nobody guess: unknown codes are counted by key and by outlet."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from benefits.models import CodeAttempt, Voucher
from benefits.refusals import TooManyGuesses, VoucherCodeMalformed, VoucherNotFound
from benefits.rules.voucher_codes import as_voucher_code
from benefits.selectors.vouchers import voucher_by_code
from points.rules.bounds import refuse_odd_instants

# Unknown codes in an hour: of one outlet, and of one key over all its outlets. A mistyped code has a wrong
# check character and is not looked up at all, so that honest tills hardly ever come here.
WRONG_A_PLACE: Final = 20
WRONG_A_CALLER: Final = 100
_KEPT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Guesser:
    """Who asks: a partner key, and where it says it stands."""

    caller: str
    place: str = ""


def find_voucher(*, typed: str, guesser: Guesser, at: datetime) -> Voucher:
    """The voucher whose code somebody typed, whatever its state, with its batch at hand.

    Each look-up is counted before it is made, and taken back when the code is known: a guess counts even if
    the caller gives up, and guesses made at once are no cheaper. Must not run inside a transaction that a
    refusal undoes.

    :raises VoucherCodeMalformed: no code looks like this
    :raises TooManyGuesses: this key, or this outlet, has asked about too many unknown codes this hour
    :raises VoucherNotFound: nobody's code
    """
    refuse_odd_instants(at=at)
    if as_voucher_code(typed) is None:
        raise VoucherCodeMalformed(field="code")
    count_guess(guesser=guesser, at=at)
    voucher = voucher_by_code(typed)
    if voucher is None:
        raise VoucherNotFound
    _count(guesser, at, -1)
    return voucher


def count_guess(*, guesser: Guesser, at: datetime) -> None:
    """One more look-up that may be a guess.

    :raises TooManyGuesses: it is one too many
    """
    if _count(guesser, at, 1):
        left = timedelta(hours=1) - (at - _hour(at))
        raise TooManyGuesses(wait_seconds=max(1, int(left.total_seconds())))


def forget_attempts(*, at: datetime) -> int:
    """Counts of a month ago say nothing any more. How many went."""
    gone, _by_model = CodeAttempt.objects.filter(hour__lt=at - _KEPT).delete()
    return gone


@transaction.atomic
def _count(guesser: Guesser, at: datetime, step: int) -> bool:
    """Move both counts, the key's first, then the outlet's; whether one is beyond its limit now."""
    limits = {"": WRONG_A_CALLER} | ({guesser.place: WRONG_A_PLACE} if guesser.place else {})
    is_over = False
    with connection.cursor() as cursor:
        for place, limit in limits.items():
            cursor.execute(
                "INSERT INTO benefits_codeattempt AS a (caller, place, hour, wrong) VALUES (%s, %s, %s, 1)"
                " ON CONFLICT (caller, place, hour) DO UPDATE SET wrong = greatest(a.wrong + %s, 0)"
                " RETURNING wrong",
                [guesser.caller, place, _hour(at), step],
            )
            (wrong,) = cursor.fetchone()
            is_over |= wrong > limit
    return is_over


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
