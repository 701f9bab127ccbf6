"""The member page's slots: tables that this app and the floors above it show about one member."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from common.admin import Panel
from members.models import Member

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
