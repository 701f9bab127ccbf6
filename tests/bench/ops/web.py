"""Requests over a kept connection, as a till's middleware sends them."""

import http.client
import itertools
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.bench.worker import Operation

Speaker = Callable[[dict[str, Any], dict[str, str], int], int]
Body = Callable[[str, random.Random], dict[str, Any]]


def nothing(*, client: str, port: int) -> Operation:
    """The empty DRF view, told what an activity tells."""
    say = _speaker(port, "/bench/nothing", 201)
    return lambda: say(_activity(f"{client}-0", 1), {}, 1)


def activity(*, client: str, port: int, members: int, tokens: list[str]) -> Operation:
    """An activity with a key, an Idempotency-Key, earn rules and points."""
    ask = _till(_speaker(port, "/partner/v1/activities", 201), client, tokens)
    return lambda: ask(lambda key, chance: _activity(key, chance.randint(1, members)), 1)


def activities(*, client: str, port: int, members: int, tokens: list[str], batch: int) -> Operation:
    """`batch` activities in one request, each answered; that none was refused is looked at."""
    ask = _till(_speaker(port, "/partner/v1/activities/batch", 200, b'"refused":0,'), client, tokens)

    def items(key: str, chance: random.Random) -> dict[str, Any]:
        told = [_activity(f"{key}-{number}", chance.randint(1, members)) for number in range(batch)]
        return {"items": told}

    return lambda: ask(items, batch)


def _till(say: Speaker, client: str, tokens: list[str]) -> Callable[[Body, int], int]:
    """Says what a body made of (a fresh reference, chance) says, each time under a key of its own."""
    serial, chance = itertools.count(), random.Random(client)

    def ask(body: Body, operations: int) -> int:
        key = f"{client}-{next(serial)}"
        # A key may ask 6,000 times a minute; a benchmark of refusals would be a fast one.
        headers = {"Authorization": f"Bearer {chance.choice(tokens)}", "Idempotency-Key": key}
        return say(body(key, chance), headers, operations)

    return ask


def orm_earn(*, client: str, port: int, members: int) -> Operation:
    """The ORM ledger's earn through DRF."""
    say, serial, chance = _speaker(port, "/earns", 201), itertools.count(), random.Random(client)

    def report() -> int:
        reference = f"{client}-{next(serial)}"
        return say({"member": chance.randint(1, members), "points": 100, "reference": reference}, {}, 1)

    return report


def _activity(reference: str, member: int) -> dict[str, Any]:
    return {
        "source_ref": reference,
        "kind": "purchase",
        "member": {"card": f"C{member:012d}"},
        "occurred_at": datetime.now(tz=UTC).isoformat(),
        "amount": {"amount": "128.50", "currency": "CNY"},
        "category": "coffee",
    }


def _speaker(port: int, path: str, status: int, holds: bytes = b"") -> Speaker:
    """Sends JSON to `path`, expects `status` and an answer that `holds` this."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def say(body: dict[str, Any], headers: dict[str, str], operations: int) -> int:
        line.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **headers})
        answer = line.getresponse()
        content = answer.read()
        assert answer.status == status, (answer.status, content)
        assert holds in content, content
        return operations

    return say
