"""Checks of the seals: signed, chained, as their files say; and what they sealed is still all there is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.backends.utils import CursorWrapper

from points import seal_files, seal_keys
from points.models import Seal
from points.rules.merkle import BLOCK_LEAVES, leaf_hash, odd_one_out, root_of_hashes
from points.rules.seals import BEGINNING, NO_SEAL_BEFORE
from points.selectors.audit.checks import Disagreement, Scope, named
from points.selectors.seals import Leaf, leaves_between, totals_between

Row = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class SealsStand:
    """Every seal, by itself and against its file. It costs a signature a day of the ledger's life."""

    name = "seals_stand"
    says = "Each seal is signed, follows the one before, and its file says the same."

    def found(self, cursor: CursorWrapper, scope: Scope) -> tuple[list[Disagreement], int]:  # noqa: ARG002 -- all, always
        """The seals that do not."""
        rows: list[Row] = []
        kept = seal_files.kept_numbers()
        before: Seal | None = None
        for seal in _seals(cursor):
            rows += [("points_seal", str(seal.number), fault) for fault in _faults(seal, before, kept)]
            before = seal
        last = before.number if before else 0
        rows += [
            ("points_seal", str(number), f"{seal_files.file_of(number)} is there, but no such seal")
            for number in sorted(kept)
            if number > last
        ]
        return named(self.name, rows)


@dataclass(frozen=True, slots=True)
class SealedDaysAreWhole:
    """The postings of every sealed day make the sealed root again; since the last seal: of its own day."""

    name = "sealed_days_are_whole"
    says = "What was sealed is still there, unchanged, and nothing was added to it."

    def found(self, cursor: CursorWrapper, scope: Scope) -> tuple[list[Disagreement], int]:
        """The seals whose postings are others now, narrowed to a block of 1,024, and what was slipped in."""
        rows: list[Row] = []
        seals = list(_seals(cursor))
        for seal in seals if scope.is_whole else seals[-1:]:
            rows += list(_differences(seal, cursor.db.alias))
        return named(self.name, rows)


SEAL_CHECKS = (SealsStand(), SealedDaysAreWhole())


def _seals(cursor: CursorWrapper) -> Iterator[Seal]:
    return Seal.objects.using(cursor.db.alias).order_by("number").iterator()


def _faults(seal: Seal, before: Seal | None, kept: set[int]) -> Iterator[str]:
    expected = before.number + 1 if before else 1
    if seal.number != expected:
        yield f"seal {expected} is missing before it"
    elif (seal.starts_at, bytes(seal.previous)) != (
        (before.ends_at, bytes(before.digest)) if before else (BEGINNING, NO_SEAL_BEFORE)
    ):
        yield "it does not follow the seal before it"
    if seal.content.digest() != bytes(seal.digest):
        yield "its digest is not that of what it says"
    fault = seal_keys.signature_fault(
        key=seal.key, digest=bytes(seal.digest), signature=bytes(seal.signature)
    )
    if fault is not None:
        yield fault
    if root_of_hashes([bytes.fromhex(block["root"]) for block in seal.blocks]) != bytes(seal.root):
        yield "its root is not that of its blocks"
    if seal.number not in kept:
        yield f"it has no file {seal_files.file_of(seal.number)}"
    elif seal_files.read(seal.number) != seal_files.as_file(seal):
        yield f"{seal_files.file_of(seal.number)} says something else"


def _differences(seal: Seal, using: str) -> Iterator[Row]:
    postings, found = 0, []
    for place, block in enumerate(_by_block(seal, using)):
        postings += len(block)
        hashes = [leaf_hash(leaf.digest) for leaf in block]
        if place >= len(seal.blocks):
            found += [_added(seal, leaf) for leaf in block]
            continue
        root = bytes.fromhex(seal.blocks[place]["root"])
        if root_of_hashes(hashes) != root:
            found.append(_in_block(seal, place, block))
            odd = odd_one_out(hashes, root) if len(block) == _sealed_in(seal, place) + 1 else None
            if odd is not None:
                found.append(_added(seal, block[odd]))
    if postings != seal.postings:
        found.insert(
            0, ("points_seal", str(seal.number), f"{_told(seal)}: {seal.postings} sealed, {postings} there")
        )
    elif not found and totals_between(seal.starts_at, seal.ends_at, using=using) != seal.totals:
        found.append(("points_seal", str(seal.number), f"{_told(seal)}: its points by kind are others"))
    yield from found


def _by_block(seal: Seal, using: str) -> Iterator[list[Leaf]]:
    """The day's postings, cut where the sealed blocks begin: what is gone or added shows in its own block only."""
    firsts = [block["first"] for block in seal.blocks[1:]]
    block: list[Leaf] = []
    place = 0
    for leaf in leaves_between(seal.starts_at, seal.ends_at, using=using):
        while place < len(firsts) and leaf.posting >= firsts[place]:
            yield block
            block = []
            place += 1
        block.append(leaf)
    for _rest in range(place, max(len(seal.blocks), 1)):
        yield block
        block = []


def _in_block(seal: Seal, place: int, block: Sequence[Leaf]) -> Row:
    first = seal.blocks[place]["first"]
    until = f" until {seal.blocks[place + 1]['first']}" if place + 1 < len(seal.blocks) else " on"
    return (
        "points_seal",
        str(seal.number),
        (
            f"{_told(seal)}: block {place}, from posting {first}{until}: {_sealed_in(seal, place)} sealed, "
            f"{len(block)} there, and not the same"
        ),
    )


def _added(seal: Seal, leaf: Leaf) -> Row:
    return ("points_posting", leaf.posting, f"dated within seal {seal.number}, which does not contain it")


def _sealed_in(seal: Seal, place: int) -> int:
    is_full = place + 1 < len(seal.blocks)
    return BLOCK_LEAVES if is_full else seal.postings - BLOCK_LEAVES * place


def _told(seal: Seal) -> str:
    return f"posted {_minute(seal.starts_at)} to {_minute(seal.ends_at)}"


def _minute(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
