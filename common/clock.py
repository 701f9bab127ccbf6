"""The one place that reads the wall clock. Doors call `now()` and pass it down as `at`."""

import secrets
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta

from django.conf import settings

_started = time.monotonic()
_uuid_lock = threading.Lock()
_last_uuid_ticks = 0


def now() -> datetime:
    """The present instant, aware, in UTC.

    Outside production, `settings.LOYALTY_FAKE_NOW` (ISO 8601 with offset) moves it: the faked instant
    plus the real time since this process started, so that durations still pass.
    """
    faked = settings.LOYALTY_FAKE_NOW
    if faked and not settings.PRODUCTION:
        instant = datetime.fromisoformat(faked)
        assert instant.tzinfo is not None, "LOYALTY_FAKE_NOW needs an offset"
        return instant.astimezone(UTC) + timedelta(seconds=time.monotonic() - _started)
    return datetime.now(UTC)


def uuid7() -> uuid.UUID:
    """A new id: UUIDv7 of RFC 9562, growing within a process, unguessable in its last 62 bits.

    48 bits of milliseconds, 12 bits of the millisecond's fraction (method 3 of section 6.2). Ids made in the
    same tick, or after the clock stepped back, take the next tick. Always the real clock: a faked day must
    not make ids that collide in order with the real ones.
    """
    global _last_uuid_ticks  # noqa: PLW0603 -- the counter of this process
    ticks = (time.time_ns() << 12) // 1_000_000
    with _uuid_lock:
        _last_uuid_ticks = ticks = max(ticks, _last_uuid_ticks + 1)
    milliseconds, fraction = ticks >> 12, ticks & 0xFFF
    value = milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | secrets.randbits(62)
    return uuid.UUID(int=value)
