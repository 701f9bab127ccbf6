"""Trees, proofs and their refusals, against the vectors of Certificate Transparency and a naive recursion."""

import hashlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points.rules.merkle import (
    BLOCK_LEAVES,
    in_blocks,
    inclusion_proof,
    is_included,
    leaf_hash,
    odd_one_out,
    root_of_hashes,
    tree_root,
)

# The leaves and roots that every log implementation tests with (google/certificate-transparency).
CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = st.lists(st.binary(max_size=8), max_size=70)


def naive_root(leaves):
    """Section 2.1 of RFC 6962, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(index, leaves):
    """Section 2.1.1 of RFC 6962, word for word."""
    if len(leaves) <= 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def test_no_leaves_hash_to_sha256_of_nothing():
    assert tree_root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_certificate_transparency(size):
    assert tree_root(CT_LEAVES[:size]).hex() == CT_ROOTS[size - 1]


@given(LEAVES)
def test_the_root_is_that_of_the_rfcs_recursion(leaves):
    assert tree_root(leaves) == naive_root(leaves)


@given(LEAVES.filter(bool), st.data())
def test_a_proof_is_that_of_the_rfcs_recursion_and_leads_to_the_root(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))

    path = inclusion_proof(leaves, index)

    assert path == naive_path(index, leaves)
    assert is_included(leaves[index], index=index, size=len(leaves), path=path, root=naive_root(leaves))


@given(LEAVES.filter(bool), st.data())
def test_a_proof_proves_nothing_else(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    path, root = inclusion_proof(leaves, index), tree_root(leaves)
    said = {"index": index, "size": len(leaves), "path": path, "root": root}

    assert not is_included(leaves[index] + b"!", **said)
    assert not is_included(leaves[index], **said | {"index": len(leaves)})
    assert not is_included(leaves[index], **said | {"path": [*path, bytes(32)]})
    assert not is_included(leaves[index], **said | {"root": bytes(32)})
    if path:
        assert not is_included(leaves[index], **said | {"path": path[:-1]})


def test_a_leaf_that_is_not_there_has_no_proof():
    with pytest.raises(IndexError):
        inclusion_proof([b"a"], 1)


@pytest.mark.parametrize(
    "size", [0, 1, BLOCK_LEAVES - 1, BLOCK_LEAVES, BLOCK_LEAVES + 1, 5 * BLOCK_LEAVES + 3]
)
def test_the_root_over_the_roots_of_blocks_is_the_root_over_the_leaves(size):
    leaves = [number.to_bytes(4, "big") for number in range(size)]

    blocks = [tree_root(block) for block in in_blocks(leaves)]

    assert root_of_hashes(blocks) == tree_root(leaves)


def test_what_was_slipped_into_a_block_is_found():
    hashes = [leaf_hash(bytes([number])) for number in range(100)]
    root = root_of_hashes(hashes)
    forged = [*hashes[:41], leaf_hash(b"forged"), *hashes[41:]]

    assert odd_one_out(forged, root) == 41
    assert odd_one_out(hashes, root) is None


def test_a_hundred_thousand_leaves_take_no_more_than_a_second():
    leaves = [number.to_bytes(32, "big") for number in range(100_000)]
    started = time.process_time()

    tree_root(leaves)

    assert time.process_time() - started < 1
