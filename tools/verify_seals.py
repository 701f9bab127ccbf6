#!/usr/bin/env python3
"""Verify the daily seals over a journal: their signatures, their chain, and that they seal these postings.

Imports nothing of the system that wrote them and knows docs/proof.md. Needs `cryptography` for Ed25519.
Usage: verify_seals.py JOURNAL.jsonl SEALS_FOLDER --key BASE64 [--key OLDER]. Exit 0: all agrees. 1: not so.
"""

import argparse
import base64
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def merkle_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1."""
    if len(leaves) < 2:
        return sha256(b"\x00" + leaves[0]) if leaves else sha256(b"")
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + merkle_root(leaves[:split]) + merkle_root(leaves[split:]))


def faults(
    seal: dict[str, Any], before: dict[str, Any] | None, postings: list[Any], keys: dict[str, bytes]
) -> Iterator[str]:
    """What is wrong with `seal`, given the seal before it and the postings of its time."""
    content = {name: value for name, value in seal.items() if name not in {"digest", "signature"}}
    digest = sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode())
    if digest.hex() != seal["digest"]:
        yield "its digest is not that of what it says"
    try:
        Ed25519PublicKey.from_public_bytes(keys[seal["key"]]).verify(bytes.fromhex(seal["signature"]), digest)
    except KeyError:
        yield f"signed with key {seal['key']}, which was not given"
    except InvalidSignature:
        yield f"the signature is not that of key {seal['key']}"
    expected = (before["number"] + 1, before["ends_at"], before["digest"]) if before else (1, None, "0" * 64)
    said = (seal["number"], seal["starts_at"] if before else None, seal["previous"])
    if said != expected:
        yield "it does not follow the seal before it"
    if len(postings) != seal["postings"]:
        yield f"{seal['postings']} postings sealed, {len(postings)} there"
    if merkle_root([digest for _id, digest, _kind, _points in sorted(postings)]).hex() != seal["root"]:
        yield "its root is not that of its postings"
    totals: dict[str, dict[str, int]] = defaultdict(lambda: {"postings": 0, "points": 0})
    for _id, _digest, kind, points in postings:
        totals[kind]["postings"] += 1
        totals[kind]["points"] += points
    if totals != seal["totals"]:
        yield "its points by kind are others"


def by_seal(journal: Iterable[str], seals: list[dict[str, Any]]) -> dict[int, list[Any]]:
    """The postings of the journal (docs/export.md) by the number of the seal that their instant falls in."""
    ends = [(datetime.fromisoformat(seal["ends_at"]), seal["number"]) for seal in seals]
    sealed: dict[int, list[Any]] = defaultdict(list)
    for text in journal:
        line = json.loads(text)
        if line["type"] == "posting":
            at = datetime.fromisoformat(line["posted_at"])
            number = next((number for end, number in ends if at < end), None)
            if number is not None:
                digest = bytes.fromhex(line["digest"])
                sealed[number].append((line["id"], digest, line["kind"], line["points"]))
    return sealed


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("journal", type=Path)
    parser.add_argument("seals", type=Path)
    parser.add_argument("--key", action="append", required=True, help="an Ed25519 public key, base64")
    asked = parser.parse_args()
    publics = [base64.b64decode(key) for key in asked.key]
    keys = {sha256(public).hex()[:16]: public for public in publics}
    seals = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(asked.seals.glob("seal-*.json"))]
    with asked.journal.open(encoding="utf-8") as journal:
        postings = by_seal(journal, seals)
    wrong, before = 0, None
    for seal in seals:
        for fault in faults(seal, before, postings[seal["number"]], keys):
            print(f"seal {seal['number']}: {fault}")
            wrong += 1
        before = seal
    print(f"{len(seals)} seals over {sum(map(len, postings.values()))} postings: {wrong or 'nothing'} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
