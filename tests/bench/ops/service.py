"""Calls of the product's services and selectors from Django, without HTTP."""

import itertools
import random
from datetime import UTC, datetime
from uuid import UUID

import django

django.setup()

from members.models import Member  # noqa: E402 -- after the set-up
from points.models import Program  # noqa: E402 -- the same
from points.selectors.balances import wallet_summaries  # noqa: E402 -- the same
from points.selectors.statements import statement  # noqa: E402 -- the same
from points.services.accrual import accrue_points  # noqa: E402 -- the same
from tests.bench.ops.kernel import member_id  # noqa: E402 -- the same
from tests.bench.worker import Operation  # noqa: E402 -- the same
from units.models import BusinessUnit  # noqa: E402 -- the same


def accrue(*, client: str, members: int) -> Operation:
    """The whole service: member, unit and program policy, expiry, kernel, and the posting read back."""
    serial, chance = itertools.count(), random.Random(client)
    program, unit = Program.objects.get(pk=1), BusinessUnit.objects.get(pk=1)

    def earn() -> int:
        member = Member.objects.get(pk=UUID(member_id(chance.randint(1, members))))
        reference, at = f"{client}-{next(serial)}", datetime.now(tz=UTC)
        accrue_points(
            member=member,
            program=program,
            unit=unit,
            points=100,
            source_ref=reference,
            occurred_at=at,
            by="bench",
        )
        return 1

    return earn


def read(*, client: str, members: int) -> Operation:
    """What a member's page reads: the wallets with their sums, and the statement's first page."""
    chance = random.Random(client)

    def look() -> int:
        member = UUID(member_id(chance.randint(1, members)))
        assert wallet_summaries(member_id=member, at=datetime.now(tz=UTC))
        assert list(statement(member_id=member)[:20])
        return 1

    return look
