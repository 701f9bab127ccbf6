"""Merge two members into one, and undo it: people, then wallets, then the tier, in one transaction each.

A preview is the same run, rolled back: it cannot tell anything else than what would be done. Its `seal` can
be given to the run itself, which then does exactly what was shown or refuses with `preview_changed`.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common import outbox
from common.clock import uuid7
from common.errors import DomainError
from common.sql import retrying
from members.models import MemberMerge, MemberUnmerge
from members.rules.normalise import normal_text
from members.selectors.merges import latest_merge_of
from members.services.lifecycle import REASON_CHARACTERS_MAX, ReasonMissing
from members.services.merge_tier import better_tier, tier_back
from members.services.merging import Effects, Pair, join_people, locked_pair, part_people
from points.services.merging import merge_wallets, unmerge_wallets

MERGED: Final = "members.merged"
UNMERGED: Final = "members.unmerged"
# Ids that a run makes up: what was shown and what is done differ in these, and in nothing else.
_MADE_UP: Final = frozenset({"posting", "postings"})


class PreviewChanged(DomainError):
    """Facts: `seal`, of what would be done now."""

    code = "preview_changed"
    title = _("What the merge would do has changed since it was shown. Look again.")


class LaterMergeStands(DomainError):
    """Facts: `into`, the number of the member whom the kept one was merged into since."""

    code = "later_merge_stands"
    title = _("The kept member was merged into another one since. Undo that merge first.")


class MergedAgain(DomainError):
    """The merge was undone, and a later one of the same member stands."""

    code = "merged_again"
    title = _("This merge was undone, and the member was merged again since. Undo the later merge.")


class NothingCameFree(DomainError):
    """The merge was undone before, and nothing can be given back since."""

    code = "nothing_came_free"
    title = _("This merge is undone, and nothing of what stayed has come free since.")


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be done, and the seal to do exactly that."""

    effects: Effects
    seal: str


def preview_merge(*, survivor_id: UUID, alias_id: UUID, by: str, at: datetime) -> Preview:
    """Every effect of the merge, without any.

    :raises DomainError: what `merge_members` would refuse
    """
    run = _Merging(survivor_id, alias_id, "preview", by, at)
    return _previewed(lambda: run.done(locked_pair(survivor_id=survivor_id, alias_id=alias_id))[1])


def merge_members(
    *, survivor_id: UUID, alias_id: UUID, evidence: str, by: str, at: datetime, seal: str | None = None
) -> MemberMerge:
    """Make `alias_id` an alias of `survivor_id`, for good reasons: `evidence` says what was seen.

    Moves what docs/merging.md lists; the alias keeps resolving to the survivor everywhere. Safe to retry, and
    of two operators at once: a merge that stands is answered again. Publishes `members.merged`.

    :raises PreviewChanged: `seal` is of other effects
    :raises ReasonMissing: no evidence
    :raises WalletHasHolds: a sale in progress holds points of the alias; carries the `holds`
    :raises DomainError: a refusal of members/services/merge_refusals.py
    """
    run = _Merging(survivor_id, alias_id, _words(evidence), by, at)

    @transaction.atomic
    def merge() -> MemberMerge:
        pair = locked_pair(survivor_id=survivor_id, alias_id=alias_id)
        standing = latest_merge_of(alias_id)
        if standing is not None and pair.alias.merged_into_id == survivor_id == standing.survivor_id:
            return standing
        merge_id, effects = run.done(pair)
        _refuse_other(effects, seal)
        merge = MemberMerge.objects.create(
            pk=merge_id,
            survivor=pair.survivor,
            alias=pair.alias,
            evidence=run.evidence,
            effects=effects,
            by=by,
            at=at,
        )
        facts = {"merge": str(merge.pk), "alias": str(alias_id)}
        outbox.publish(kind=MERGED, subject=survivor_id, payload=facts, at=at)
        return merge

    return retrying(merge)


def preview_unmerge(*, merge: MemberMerge, by: str, at: datetime) -> Preview:
    """Every effect of undoing `merge`, or of undoing it once more, without any.

    :raises DomainError: what `unmerge_members` would refuse
    """
    run = _Parting(merge, "preview", by, at)
    return _previewed(lambda: run.done(_locked(merge))[1])


def unmerge_members(
    *, merge: MemberMerge, evidence: str, by: str, at: datetime, seal: str | None = None
) -> MemberUnmerge:
    """Make two members of them again; `effects` of the answer say what went back, what stays, and why.

    Works after later spending: what is spent, expired or held stays with the survivor. Called again, it gives
    back what has come free since. Merges in a row are undone last first. Publishes `members.unmerged`.

    :raises PreviewChanged: `seal` is of other effects
    :raises ReasonMissing: no evidence
    :raises LaterMergeStands: the survivor was merged away since
    :raises MergedAgain: it was undone, and the alias was merged again
    :raises NothingCameFree: it was undone, and there is nothing more to give back
    """
    run = _Parting(merge, _words(evidence), by, at)

    @transaction.atomic
    def part() -> MemberUnmerge:
        turn, effects = run.done(_locked(merge))
        _refuse_other(effects, seal)
        undone = MemberUnmerge.objects.create(
            merge=merge, turn=turn, evidence=run.evidence, effects=effects, by=by, at=at
        )
        if turn == 1:
            facts = {"merge": str(merge.pk), "alias": str(merge.alias_id)}
            outbox.publish(kind=UNMERGED, subject=merge.survivor_id, payload=facts, at=at)
        return undone

    return retrying(part)


@dataclass(frozen=True, slots=True)
class _Merging:
    survivor_id: UUID
    alias_id: UUID
    evidence: str
    by: str
    at: datetime

    def done(self, pair: Pair) -> tuple[UUID, Effects]:
        """People first: what they may not, no wallet is locked for."""
        merge_id = uuid7()
        effects = join_people(pair=pair, evidence=self.evidence, by=self.by, at=self.at)
        moves = merge_wallets(
            alias=pair.alias,
            survivor=pair.survivor,
            followers=pair.followers,
            source_ref=f"merge:{merge_id}",
            by=self.by,
            at=self.at,
        )
        effects["wallets"] = [
            {
                "program": move.posting.program.code,
                "points": move.points,
                "debt": move.debt,
                "posting": str(move.posting.pk),
            }
            for move in moves
        ]
        effects["tier"] = better_tier(
            survivor_id=pair.survivor.pk, alias_id=pair.alias.pk, merge_id=merge_id, by=self.by, at=self.at
        )
        return merge_id, effects


@dataclass(frozen=True, slots=True)
class _Parting:
    merge: MemberMerge
    evidence: str
    by: str
    at: datetime

    def done(self, pair: Pair) -> tuple[int, Effects]:
        """The first turn parts the people; every turn gives back what points it can."""
        merge = self.merge
        turn = merge.undone_by.count() + 1
        if pair.survivor.merged_into is not None:
            raise LaterMergeStands(into=pair.survivor.merged_into.number)
        if turn > 1 and pair.alias.merged_into is not None:
            raise MergedAgain
        effects: Effects = {}
        if turn == 1:
            effects = part_people(pair=pair, merge=merge, evidence=self.evidence, by=self.by, at=self.at)
        backs = unmerge_wallets(
            alias=pair.alias,
            survivor=pair.survivor,
            followers=[UUID(one) for one in effects.get("aliases", ())],
            moves=[UUID(told["posting"]) for told in merge.effects["wallets"]],
            source_ref=f"unmerge:{merge.pk}:{turn}",
            by=self.by,
            at=self.at,
        )
        if turn > 1 and not any(back.points or back.debt for back in backs.values()):
            raise NothingCameFree
        effects["wallets"] = [
            {"program": code, **asdict(back), "postings": [str(one) for one in back.postings]}
            for code, back in sorted(backs.items())
        ]
        if turn == 1:
            effects["tier"] = tier_back(merge=merge, by=self.by, at=self.at)
        return turn, effects


def _locked(merge: MemberMerge) -> Pair:
    return locked_pair(survivor_id=merge.survivor_id, alias_id=merge.alias_id)


def _previewed(run: Callable[[], Effects]) -> Preview:
    @transaction.atomic
    def look() -> Effects:
        effects = run()
        transaction.set_rollback(True)
        return effects

    effects = retrying(look)
    return Preview(effects, _seal(effects))


def _refuse_other(effects: Effects, seal: str | None) -> None:
    now = _seal(effects)
    if seal is not None and seal != now:
        raise PreviewChanged(seal=now)


def _seal(effects: Effects) -> str:
    """The same for the same effects, whatever ids a run makes up."""
    text = json.dumps(_without(effects), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _without(told: Any) -> Any:
    if isinstance(told, dict):
        return {key: _without(value) for key, value in told.items() if key not in _MADE_UP}
    return [_without(one) for one in told] if isinstance(told, list) else told


def _words(evidence: str) -> str:
    words = normal_text(evidence, characters_max=REASON_CHARACTERS_MAX, field="evidence")
    if not words:
        raise ReasonMissing(field="evidence")
    return words
