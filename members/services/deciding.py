"""A person decides whether two members are one. What follows from it, the merge, is a step of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError
from members.models import MatchCandidate, MatchState
from members.rules.linkage_veto import Veto
from members.selectors.candidates import waiting
from units.models import BusinessUnit

BATCH_MAX: Final = 500
# Why a pair was asked about that no score may overrule: a person looks at each.
NEVER_IN_BULK: Final = (
    Veto.SHARED_PHONE,
    Veto.SHARED_EMAIL,
    Veto.NAMES_DIFFER,
    Veto.BIRTH_DATES_DIFFER,
    Veto.GENDERS_DIFFER,
    Veto.TWO_LIKELY,
)


class AlreadyDecided(DomainError):
    """Somebody has said before whether these two are one."""

    code = "already_decided"
    title = _("This match candidate has been decided already.")


def decide_same(*, candidate_id: int, by: str, at: datetime) -> MatchCandidate:
    """Record that the two are one person. Nothing is linked or moved by it; saying it again changes nothing.

    :raises AlreadyDecided: they were said to be two
    """
    return _decide(candidate_id, MatchState.SAME, by=by, at=at)


def decide_different(*, candidate_id: int, by: str, at: datetime) -> MatchCandidate:
    """Record that the two are two people; they are not asked about again.

    :raises AlreadyDecided: they were said to be one
    """
    return _decide(candidate_id, MatchState.DIFFERENT, by=by, at=at)


def put_off(*, candidate_id: int, by: str, at: datetime) -> MatchCandidate:
    """Leave it for later: it goes to the end of the queue.

    :raises AlreadyDecided: it is decided
    """
    return _decide(candidate_id, MatchState.LATER, by=by, at=at)


@transaction.atomic
def accept_above(
    *, score: float, unit: BusinessUnit | None, by: str, at: datetime
) -> Sequence[MatchCandidate]:
    """Decide `same` for the waiting pairs that score at least `score`, of `unit` or of all, the likest first.

    At most BATCH_MAX at once. Those that may be two of one household are left for a person to look at.
    """
    found = waiting(unit=unit).filter(score__gte=score).exclude(veto__in=NEVER_IN_BULK)
    chosen = list(found.order_by("-score", "pk").select_for_update(of=("self",))[:BATCH_MAX])
    for candidate in chosen:
        candidate.state, candidate.decided_by, candidate.decided_at = MatchState.SAME, by, at
    MatchCandidate.objects.bulk_update(chosen, ["state", "decided_by", "decided_at"])
    return chosen


@transaction.atomic
def _decide(candidate_id: int, state: MatchState, *, by: str, at: datetime) -> MatchCandidate:
    candidate = MatchCandidate.objects.select_for_update().get(pk=candidate_id)
    if candidate.state == state:
        return candidate
    if candidate.state in {MatchState.SAME, MatchState.DIFFERENT}:
        raise AlreadyDecided
    candidate.state, candidate.decided_by, candidate.decided_at = state, by, at
    candidate.save(update_fields=["state", "decided_by", "decided_at"])
    return candidate
