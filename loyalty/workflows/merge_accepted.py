"""Merge the pairs that a person said are one and that are two members still: each by itself."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from common.errors import DomainError
from loyalty.workflows.merge_members import merge_members
from members.models import MatchCandidate, MatchState, MemberStatus

PAIRS_MAX: Final = 100


@dataclass(slots=True)
class MergedMany:
    """How many became one, and how many were refused for which reason, in words."""

    merged: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def accepted_pairs() -> QuerySet[MatchCandidate]:
    """Those that were accepted and not merged yet, the likest first."""
    one = Coalesce("member__merged_into_id", "member_id")
    two = Coalesce("other__merged_into_id", "other_id")
    accepted = MatchCandidate.objects.filter(state=MatchState.SAME).alias(one=one, two=two)
    apart = accepted.exclude(one=F("two")).order_by("-score", "pk")
    return apart.select_related("member__merged_into", "other__merged_into")


def merge_accepted(*, by: str, at: datetime, pairs_max: int = PAIRS_MAX) -> MergedMany:
    """Merge up to `pairs_max` of them. The known member stays; if it is not active, the new one does.

    A refused pair stays in the list: a person looks at it. Safe to repeat.
    """
    done = MergedMany()
    for candidate in list(accepted_pairs()[:pairs_max]):
        candidate.refresh_from_db()
        alias, survivor = (one.merged_into or one for one in (candidate.member, candidate.other))
        if survivor.pk == alias.pk:
            continue  # an earlier pair of the list has made them one
        if survivor.status != MemberStatus.ACTIVE and alias.status == MemberStatus.ACTIVE:
            alias, survivor = survivor, alias
        try:
            merge_members(
                survivor_id=survivor.pk, alias_id=alias.pk, evidence=evidence_of(candidate), by=by, at=at
            )
        except DomainError as refusal:
            done.refused[str(refusal)] += 1
        else:
            done.merged += 1
    return done


def evidence_of(candidate: MatchCandidate) -> str:
    """What a merge says that followed from a question."""
    told = {"number": candidate.pk, "score": f"{int(candidate.score * 1000) / 10:.1f}"}
    return _("Match candidate #%(number)s, %(score)s %%, looked at") % told
