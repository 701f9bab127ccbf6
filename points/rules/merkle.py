"""Merkle trees as Certificate Transparency builds them (RFC 6962, section 2.1), over SHA-256.

A leaf is hashed behind a byte 0x00, a node behind 0x01, so that neither can pass for the other. A tree of n
leaves splits at the largest power of two below n; the hash of no leaves is SHA-256 of nothing.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

Leaf = TypeVar("Leaf")

# A power of two: the roots of such blocks are nodes of the whole tree, whatever its size.
BLOCK_LEAVES = 1024


def leaf_hash(leaf: bytes) -> bytes:
    """What stands for `leaf` at the foot of the tree."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """The Merkle Tree Hash of `leaves`: a million take about two seconds."""
    return root_of_hashes([leaf_hash(leaf) for leaf in leaves])


def root_of_hashes(hashes: Sequence[bytes]) -> bytes:
    """The root over nodes that stand side by side on one level: leaf hashes, or the roots of full blocks.

    Pairs are joined level by level; the odd last one moves up as it is. That is the RFC's split at the
    largest power of two, without its recursion. All but the last block must be full.
    """
    if not hashes:
        return hashlib.sha256(b"").digest()
    level = list(hashes)
    sha256 = hashlib.sha256
    while len(level) > 1:
        joined = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        level = [*joined, level[-1]] if len(level) % 2 else joined
    return level[0]


def in_blocks(leaves: Iterable[Leaf]) -> Iterator[list[Leaf]]:
    """`leaves` in blocks of `BLOCK_LEAVES`; only the last may be shorter."""
    rest = iter(leaves)
    while block := list(islice(rest, BLOCK_LEAVES)):
        yield block


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of the leaf at `index` (from 0): the nodes it needs to reach the root, from the foot up.

    :raises IndexError: there is no such leaf
    """
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    level, place, path = [leaf_hash(leaf) for leaf in leaves], index, []
    while len(level) > 1:
        neighbour = place ^ 1
        if neighbour < len(level):
            path.append(level[neighbour])
        level = [root_of_hashes(level[start : start + 2]) for start in range(0, len(level), 2)]
        place //= 2
    return path


def is_included(leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` leads from `leaf`, at `index` of `size`, to `root` (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, place, last = leaf_hash(leaf), index, size - 1
    for neighbour in path:
        if last == 0:
            return False
        if place % 2 or place == last:
            node = hashlib.sha256(b"\x01" + neighbour + node).digest()
            while place % 2 == 0 and place:
                place, last = place // 2, last // 2
        else:
            node = hashlib.sha256(b"\x01" + node + neighbour).digest()
        place, last = place // 2, last // 2
    return last == 0 and node == root


def odd_one_out(hashes: Sequence[bytes], root: bytes) -> int | None:
    """The place of the one leaf without which `hashes` have the `root`: what was slipped in; None: no one.

    Tries each in turn: a second for a block of a thousand.
    """
    for place in range(len(hashes)):
        if root_of_hashes([*hashes[:place], *hashes[place + 1 :]]) == root:
            return place
    return None
