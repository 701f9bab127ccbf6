"""What time alone changes about members, put right each night. Safe to run twice or to be killed."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef

from members.models import CodeGuess, CodeOutcome, EventCause, Member, MemberEvent, MemberStatus, ProofCode
from members.rules.ages import GUARDED_YEARS
from members.rules.normalise import latest_today
from members.selectors.guardians import guardianships_in_force
from members.services.lifecycle import fit_to_guardians

# Longer than the longest limit on sending looks back.
CODES_KEPT: Final = timedelta(days=2)


def mind_guardians(*, by: str, at: datetime) -> int:
    """Unfreeze who turned 14, freeze children whose guardian left. How many were looked at."""
    on = latest_today(at)
    # From the first of the month, which every year has: who is looked at in vain stays as they are.
    children = Member.objects.filter(birth_date__gt=on.replace(year=on.year - GUARDED_YEARS, day=1))
    guarded = guardianships_in_force(on=on).filter(child_id=OuterRef("pk"))
    left_alone = children.filter(~Exists(guarded), status=MemberStatus.ACTIVE)
    frozen_for_it = MemberEvent.objects.filter(member_id=OuterRef("pk"), cause=EventCause.NO_GUARDIAN)
    frozen = Member.objects.filter(
        Exists(frozen_for_it), status=MemberStatus.FROZEN, birth_date__isnull=False
    )
    ids = [*left_alone.values_list("pk", flat=True), *frozen.values_list("pk", flat=True)]
    for member_id in ids:
        fit_to_guardians(member_id=member_id, by=by, at=at)
    return len(ids)


def forget_codes(*, at: datetime) -> int:
    """Throw away one-time codes that count for nothing any more, and the phones in them. How many.

    What was proven of another member's stays until a person has decided.
    """
    old = ProofCode.objects.filter(sent_at__lt=at - CODES_KEPT).exclude(outcome=CodeOutcome.OF_ANOTHER)
    gone, _by_model = old.delete()
    guesses, _by_model = CodeGuess.objects.filter(guessed_at__lt=at - CODES_KEPT).delete()
    return gone + guesses
