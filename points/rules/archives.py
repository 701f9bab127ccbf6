"""An archive read back: every posting's digest made again from its lines, and what the lines come to."""

import hashlib
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

Line = dict[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TYPES = ("posting", "entry", "draw", "lot")
_NAMED_BY = {"posting": ("kind",), "entry": ("house",)}


class ArchiveBroken(Exception):
    """The lines are not what the kernel wrote; says which posting and why."""


class Reading:
    """Takes the lines of an archive in one by one; holds one posting's lines at a time.

    `totals` are rows and points by name, as points_archive_totals counts them: `{"draw": [2, 700]}`.
    """

    def __init__(self) -> None:
        self._rows: Counter[str] = Counter()
        self._points: Counter[str] = Counter()
        self._posting: Line | None = None
        self._parts: dict[str, list[str]] = {}
        self.postings = 0

    @property
    def totals(self) -> dict[str, list[int]]:
        return {name: [rows, self._points[name]] for name, rows in self._rows.items()}

    def add(self, line: Line) -> None:
        """Take in one line.

        :raises ArchiveBroken: it does not belong to the posting before it, or that one's digest does not fit
        """
        kind: str = line["type"]
        if kind not in _TYPES:
            raise ArchiveBroken(f"a line of type {kind!r}")
        if kind == "posting":
            self.close()
            if self._posting is not None and line["id"] <= self._posting["id"]:
                raise ArchiveBroken(f"posting {line['id']} is out of order")
            self._posting, self._parts = line, {part: [] for part in _TYPES[1:]}
            self.postings += 1
        else:
            if self._posting is None or line["posting_id"] != self._posting["id"]:
                raise ArchiveBroken(f"{kind} {line['id']} does not follow its posting {line['posting_id']}")
            self._parts[kind].append(_TEXTS[kind](line))
        name = {"posting": f"posting {line.get('kind')}", "entry": f"entry {line.get('house')}"}.get(
            kind, kind
        )
        self._rows[name] += 1
        self._points[name] += line["points"]

    def close(self) -> None:
        """No more lines of this posting: its digest must fit them.

        :raises ArchiveBroken: it does not
        """
        if self._posting is None:
            return
        parts = ("\n".join(sorted(self._parts[part], key=str.encode)) for part in ("entry", "draw", "lot"))
        text = "\n\n".join((_posting_text(self._posting), *parts))
        if hashlib.sha256(text.encode()).hexdigest() != self._posting["digest"]:
            raise ArchiveBroken(f"the digest of posting {self._posting['id']} does not fit its lines")


def _posting_text(line: Line) -> str:
    """As points_posting_text of points/sql/digest_v1.sql writes it."""
    detail = line["detail"]
    return _joined(
        line["id"], line["kind"], line["unit_id"], line["member_id"], line["program_id"], line["points"],
        _seconds(line["occurred_at"]), _seconds(line["posted_at"]), line["reverses"],
        len(line["source_ref"]), line["source_ref"], len(line["actor"]), line["actor"],
        len(line["rule"]), line["rule"], None if detail is None else json.dumps(detail, ensure_ascii=False),
    )  # fmt: skip


def _entry_text(line: Line) -> str:
    return _joined(line["member_id"], line["program_id"], line["house"], line["unit_id"], line["points"])


def _draw_text(line: Line) -> str:
    return _joined(line["lot_id"], line["points"])


def _lot_text(line: Line) -> str:
    # A lot that rolls is renewed by earning and redeeming: when it expires is not in its digest.
    return _joined(
        line["id"], line["issuer_id"], line["points"], format(Decimal(line["unit_cost"]).normalize(), "f"),
        _seconds(line["earned_at"]), _seconds(line["available_at"]),
        None if line["rolls"] else _seconds(line["expires_at"]),
    )  # fmt: skip


_TEXTS = {"entry": _entry_text, "draw": _draw_text, "lot": _lot_text}


def _seconds(text: str) -> str:
    """An instant as digests write it: seconds since 1970 with six decimals."""
    if text == "infinity":
        return "Infinity"
    micros = (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)
    whole, part = divmod(abs(micros), 1_000_000)
    return f"{'-' if micros < 0 else ''}{whole}.{part:06d}"


def _joined(*fields: object) -> str:
    """Fields joined by a bar, nulls left out."""
    return "|".join(str(field) for field in fields if field is not None)
