"""What no door of the ledger takes: odd numbers of points, instants that no books have, odd references."""

from datetime import UTC, datetime
from typing import Final

from points.refusals import InstantOutOfRange, PointsOutOfRange, ReferenceMalformed

# The years of what may come in by a REST door (common/input.py): far from where clocks and time zones end.
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2101, 1, 1, tzinfo=UTC)
REFERENCE_CHARACTERS_MAX: Final = 200


def refuse_odd_points(points: object) -> None:
    """Let only whole numbers pass, however large: the kernel knows the range. True is no number of points.

    :raises PointsOutOfRange: a fraction, a text, a truth value, nothing
    """
    if type(points) is not int:
        raise PointsOutOfRange(asked=str(points))


def refuse_odd_reference(reference: str) -> None:
    """Let only 1 to 200 printable characters pass, without a space at either end.

    :raises ReferenceMalformed: anything else
    """
    fits = 1 <= len(reference) <= REFERENCE_CHARACTERS_MAX and reference.isprintable()
    if not fits or reference != reference.strip():
        raise ReferenceMalformed


def refuse_odd_instants(**instants: datetime | None) -> None:
    """Let only instants of the years 2000 to 2100 pass, with their offset; None: not said.

    :raises InstantOutOfRange: one is naive, or in another year; names it
    """
    for name, instant in instants.items():
        if instant is not None and (instant.tzinfo is None or not EARLIEST <= instant < LATEST):
            raise InstantOutOfRange(instant=name)


def refuse_odd_end(expires_at: datetime | None) -> None:
    """As `refuse_odd_instants`, but an end may lie as far off as calendars go: old lists write never so.

    :raises InstantOutOfRange: it is naive, or before 2000
    """
    if expires_at is not None and (expires_at.tzinfo is None or expires_at < EARLIEST):
        raise InstantOutOfRange(instant="expires_at")


def refuse_dead_from_birth(
    *, occurred_at: datetime, available_at: datetime, expires_at: datetime | None
) -> None:
    """Let only points be given that somebody could spend: earned and available before they end.

    :raises InstantOutOfRange: they would end before
    """
    if expires_at is not None and expires_at <= max(occurred_at, available_at):
        raise InstantOutOfRange(instant="expires_at")
