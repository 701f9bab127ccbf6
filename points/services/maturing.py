"""Release pending points early: what a return window or a check-out held back has become sure."""

from dataclasses import dataclass
from datetime import datetime

from common.errors import DomainError
from points import ledger
from points.models import Posting, PostingKind
from points.refusals import NotReversible
from points.services.redemption import refuse_absent
from units.models import BusinessUnit


@dataclass(frozen=True, slots=True)
class Release:
    """The posting, the points that can be spent from now on, and whether an earlier call released them."""

    posting: Posting
    released: int
    is_replay: bool


def release_pending(
    *, unit: BusinessUnit, accrual_ref: str, source_ref: str, by: str, at: datetime
) -> Release:
    """Make what is still pending of the accrual `accrual_ref` at `unit` spendable now.

    Points whose time has come need no release: a pending lot matures by its instant alone, without a
    posting. No balance changes; cost, earning and expiry stay. Safe to retry under the same `source_ref`.

    :raises NotReversible: the unit has no such accrual
    :raises NothingPending: it is all released, or taken back
    :raises ReferenceReused: the reference stands for another release
    :raises MemberNotActive, UnitNotActive, ProgramNotActive: somebody takes no part at present
    """
    accruals = Posting.objects.filter(unit=unit, kind=PostingKind.ACCRUAL, source_ref=accrual_ref)
    accrual = accruals.select_related("member__merged_into", "program").first()
    if accrual is None:
        raise NotReversible
    try:
        holder = accrual.member.merged_into or accrual.member
        refuse_absent(member=holder, program=accrual.program, unit=unit)
    except DomainError:
        # What was released before the member was frozen stays released: a retry hears it from the kernel.
        released = Posting.objects.filter(unit=unit, kind=PostingKind.MATURITY, source_ref=source_ref)
        if not released.exists():
            raise
    done = ledger.mature(accrual_id=accrual.pk, source_ref=source_ref, at=at, actor=by)
    done.or_refuse(**({"source_ref": source_ref} if done.name == "reference_reused" else {}))
    return Release(Posting.objects.get(pk=done.posted_id), done.released, done.is_replay)
