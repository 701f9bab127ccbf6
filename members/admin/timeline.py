"""A member's life with the group, newest first: what every floor knows of them, on one line of time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from members.models import Member
from members.selectors.aliases import ids_of

MOMENTS_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened: when, in a few words, with an icon of Material Symbols.

    `sector` colours it by where it happened; `figure` stands at its end, such as points moved.
    """

    at: datetime
    icon: str
    words: object
    detail: object = ""
    sector: str = ""
    figure: object = ""
    by: str = ""


# All ids of the person, and how many moments at most, the newest.
MomentSource = Callable[[Sequence[UUID], int], Iterable[Moment]]

_sources: Final[dict[str, MomentSource]] = {}


def moment_source(source: MomentSource) -> MomentSource:
    """Let the decorated function tell its moments on every member's page."""
    _sources[f"{source.__module__}.{source.__qualname__}"] = source
    return source


def timeline_of(member: Member, *, count: int = MOMENTS_SHOWN) -> list[Moment]:
    """The newest moments of the person, under whatever number they happened."""
    ids = ids_of(member.pk)
    moments = [moment for source in _sources.values() for moment in source(ids, count)]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)[:count]
