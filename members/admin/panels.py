"""The member page's slots: tables that this app and the floors above it show about one member."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from members.models import Member


@dataclass(frozen=True, slots=True)
class Panel:
    """A titled table. `right`: places of the columns of figures; `note`: how to read it; `more`: the list."""

    title: object
    headers: Sequence[object]
    rows: Sequence[Sequence[object]]
    note: object = ""
    more: str = ""
    right: frozenset[int] = field(default_factory=frozenset)

    @property
    def cells(self) -> list[list[tuple[object, object, bool]]]:
        """Rows of (header, cell, is a figure): small screens repeat the header beside each cell."""
        return [
            [
                (header, cell, place in self.right)
                for place, (header, cell) in enumerate(zip(self.headers, row, strict=True))
            ]
            for row in self.rows
        ]


PanelMaker = Callable[[Member, datetime], Panel]

_makers: Final[dict[str, tuple[int, PanelMaker]]] = {}


def member_panel(*, place: int) -> Callable[[PanelMaker], PanelMaker]:
    """Show what the decorated function makes on every member's page, in the order of `place`.

    The floors above know members, not the other way round: they fill this slot when their admin is loaded.
    """

    def register(maker: PanelMaker) -> PanelMaker:
        _makers[f"{maker.__module__}.{maker.__qualname__}"] = (place, maker)
        return maker

    return register


def panels_of(member: Member, *, at: datetime) -> list[Panel]:
    """Everything there is to show about `member` at `at`."""
    return [maker(member, at) for _place, maker in sorted(_makers.values(), key=lambda entry: entry[0])]
