"""The head of a member's page: a few figures that this app and the floors above it say of the person."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from members.models import Member


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with its name, and a line that explains it. `tone`: good, bad or none."""

    name: object
    value: object
    words: object = ""
    tone: str = ""
    address: str = ""


TileMaker = Callable[[Member, datetime], Iterable[Tile]]

_makers: Final[dict[str, tuple[int, TileMaker]]] = {}


def member_tile(*, place: int) -> Callable[[TileMaker], TileMaker]:
    """Show what the decorated function makes at the head of every member's page, in the order of `place`."""

    def register(maker: TileMaker) -> TileMaker:
        _makers[f"{maker.__module__}.{maker.__qualname__}"] = (place, maker)
        return maker

    return register


def tiles_of(member: Member, *, at: datetime) -> list[Tile]:
    """All of them."""
    makers = sorted(_makers.values(), key=lambda entry: entry[0])
    return [tile for _place, maker in makers for tile in maker(member, at)]
