"""What a seal says, as one text that anybody can write down again, and the days it ends at."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

FORMAT = "loyalty-seal-1"
# Where the first seal begins: whatever was posted before its end is in it.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
NO_SEAL_BEFORE = bytes(32)


@dataclass(frozen=True, slots=True)
class Block:
    """1,024 neighbouring leaves (the last block may have fewer): the first posting, their root in hex."""

    first: str
    root: str


@dataclass(frozen=True, slots=True)
class SealContent:
    """A seal but for its digest and signature.

    `totals` are postings and points by kind, over all programs: to compare, not to value. `root` is the
    Merkle root over the postings' digests in the order of their ids.
    """

    number: int
    starts_at: datetime
    ends_at: datetime
    postings: int
    totals: Mapping[str, Mapping[str, int]]
    root: bytes
    blocks: tuple[Block, ...]
    previous: bytes
    sealed_at: datetime
    key: str

    def as_json(self) -> dict[str, Any]:
        """The content as JSON keeps it: bytes in hex, instants in UTC with six decimals."""
        return {
            "format": FORMAT,
            "number": self.number,
            "starts_at": _instant(self.starts_at),
            "ends_at": _instant(self.ends_at),
            "postings": self.postings,
            "totals": {kind: dict(total) for kind, total in self.totals.items()},
            "root": self.root.hex(),
            "blocks": [asdict(block) for block in self.blocks],
            "previous": self.previous.hex(),
            "sealed_at": _instant(self.sealed_at),
            "key": self.key,
        }

    def digest(self) -> bytes:
        """SHA-256 of the canonical text."""
        return digest_of(self.as_json())


def digest_of(content: Mapping[str, Any]) -> bytes:
    """SHA-256 over JSON with sorted keys, no spaces and ASCII only: the same text from any JSON library."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).digest()


def day_ends(*, after: datetime, until: datetime, time_zone: str) -> Iterator[datetime]:
    """Each first instant of a local day later than `after` and no later than `until`, in UTC."""
    zone = ZoneInfo(time_zone)
    day = after.astimezone(zone).date() + timedelta(days=1)
    while (end := datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)) <= until:
        if end > after:
            yield end
        day += timedelta(days=1)


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
