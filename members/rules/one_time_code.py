"""One-time codes: how long they live, how often they may be tried, how often they may be sent.

Six digits, five minutes, five tries: one chance in 200,000 to guess a code. With the limits on sending, the
codes of one number can be guessed at 50 times a day.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

DIGITS: Final = 6
LIFETIME: Final = timedelta(minutes=5)
TRIES: Final = 5
# At most so many sends to one value within each window.
SENDS_TO_A_VALUE: Final = ((1, timedelta(minutes=1)), (5, timedelta(hours=1)), (10, timedelta(days=1)))
# And by one member, to whatever values: nobody's phone list is rung through.
SENDS_BY_A_MEMBER: Final = ((5, timedelta(minutes=1)), (20, timedelta(days=1)))
LONGEST_WINDOW: Final = timedelta(days=1)


def new_code() -> str:
    """Six random digits of the system's random source."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def wait_before_next(
    sent: Sequence[datetime], limits: Sequence[tuple[int, timedelta]], *, at: datetime
) -> timedelta | None:
    """How long until one more may be sent, after those `sent`; None: it may be sent now."""
    waits = []
    for count, window in limits:
        within = sorted(instant for instant in sent if instant > at - window)
        if len(within) >= count:
            # When enough of them have left the window.
            waits.append(within[-count] + window - at)
    return max(waits, default=None)
