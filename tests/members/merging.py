"""Merges to test with: two people who are one, and what the workflow did with them."""

from datetime import datetime
from typing import Any

from loyalty.workflows.merge_members import merge_members, unmerge_members
from members.models import Member, MemberMerge, MemberUnmerge, Tier
from points.models import Lot, Wallet
from points.selectors.audit import audit
from tests.factories import NOW


def merge(alias: Member, survivor: Member, **fields: Any) -> MemberMerge:
    """Make `alias` an alias of `survivor`."""
    told = {"evidence": "same identity card seen", "by": "user:1", "at": NOW} | fields
    return merge_members(survivor_id=survivor.pk, alias_id=alias.pk, **told)


def unmerge(merge: MemberMerge, *, at: datetime = NOW, **fields: Any) -> MemberUnmerge:
    return unmerge_members(
        merge=merge, **{"evidence": "two people after all", "by": "user:1", "at": at} | fields
    )


def holdings(*members: Member) -> list[tuple[int, int]]:
    """(balance, debt) over all wallets of each; and that the books agree."""
    assert audit().disagreements == ()
    told = []
    for member in members:
        wallets = list(Wallet.objects.filter(member=member))
        told.append((sum(w.balance for w in wallets), sum(w.debt for w in wallets)))
    return told


def living(member: Member) -> set[tuple[Any, ...]]:
    """The open lots of a member: what a merge there and back must leave as it was."""
    kept = ("program", "issuer", "remaining", "unit_cost", "earned_at", "available_at", "expires_at", "rolls")
    return set(Lot.objects.filter(wallet__member=member, is_open=True).values_list(*kept))


def ladder() -> list[Tier]:
    """Three levels."""
    return [
        Tier.objects.create(code=code, level=level, name_zh=code, name_en=code)
        for level, code in enumerate(("SILVER", "GOLD", "BLACK"))
    ]
