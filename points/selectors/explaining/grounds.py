"""Why points were given, told by the floor that asked for them: the rules that were looked at.

The ledger knows the name of a rule and nothing else of it. The floors above fill this slot at the start of
every process (loyalty/explaining.py).
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from points.models import Posting


class Ground(Protocol):
    """One rule that was looked at: taken or not, why in a stable word and in the reader's, what it gave."""

    @property
    def rule(self) -> str: ...
    @property
    def program(self) -> str: ...
    @property
    def is_taken(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def points(self) -> int: ...
    @property
    def exact_told(self) -> str: ...


# Empty where it knows nothing of the posting.
GroundTeller = Callable[[Posting], Sequence[Ground]]

_tellers: Final[dict[str, GroundTeller]] = {}


def add_ground_teller(teller: GroundTeller) -> None:
    """Ask `teller` too. The same again changes nothing."""
    _tellers[f"{teller.__module__}.{teller.__qualname__}"] = teller


def grounds_of(posting: Posting) -> tuple[Ground, ...]:
    """The rules that were looked at before `posting` was made, in that order; empty where none were."""
    return tuple(ground for teller in _tellers.values() for ground in teller(posting))
