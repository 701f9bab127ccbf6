"""The one place that reads the wall clock. Doors call `now()` and pass it down as `at`."""

import secrets
import struct
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
    return uuid7s(1)[0]


def uuid7s(count: int) -> list[uuid.UUID]:
    """`count` new ids in growing order, with one call of the system's random source, which is what costs."""
    global _last_uuid_ticks  # noqa: PLW0603 -- the counter of this process
    ticks = (time.time_ns() << 12) // 1_000_000
    with _uuid_lock:
        first = max(ticks, _last_uuid_ticks + 1)
        _last_uuid_ticks = first + count - 1
    noise = secrets.token_bytes(8 * count)
    return [
        uuid.UUID(int=(tick >> 12) << 80 | 0x7 << 76 | (tick & 0xFFF) << 64 | 0b10 << 62 | low >> 2)
        for tick, (low,) in zip(range(first, first + count), struct.iter_unpack("=Q", noise), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Real seconds by stage, for reports on where the time went. Use: `with watch("match"): …`."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Count the block to `stage`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started
