"""How the postings of an activity are referred to, and what one of them gave."""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Earned:
    """Points of one program that an activity earned, and the posting that gave them."""

    program: str
    points: int
    posting_id: UUID


def posting_ref_of(label: str, source_ref: str, turn: str = "") -> str:
    """The reference of an activity's posting: one activity may earn in several programs and lots.

    `label` is the program's code, and what is special of the lot (rules/earn_facts.py); `turn` tells apart
    what is posted later, when the assessment changes.
    """
    return f"activity:{label}{f'~{turn}' if turn else ''}:{source_ref}"


class PostingRef(NamedTuple):
    """What the reference of an activity's posting says: which activity, and at which revision of it."""

    source_ref: str
    revision: int


def posting_ref_read(ref: str) -> PostingRef | None:
    """The reverse of `posting_ref_of`; None for what no activity caused."""
    head, _colon, rest = ref.partition(":")
    label, colon, source_ref = rest.partition(":")
    if head != "activity" or not colon:
        return None
    turn = label.partition("~")[2].partition(".")[0]
    return PostingRef(source_ref, int(turn or 0))
