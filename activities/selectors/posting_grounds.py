"""The activity behind a posting of the ledger, and the rules that were looked at when it was made."""

from activities.models import Activity, Assessment
from activities.rules.earn_facts import TraceLine
from activities.rules.postings import PostingRef, posting_ref_read
from activities.selectors.traces import trace_told
from points.models import Posting, PostingKind


def activity_of(posting: Posting) -> Activity | None:
    """What was reported under the posting's reference; None where no activity caused it."""
    ref = posting_ref_read(posting.source_ref)
    if ref is None:
        return None
    return Activity.objects.filter(unit=posting.unit_id, source_ref=ref.source_ref).first()


def rules_behind(posting: Posting) -> tuple[TraceLine, ...]:
    """The rules of the posting's program that were looked at when it was made, not since.

    Of what a refund takes back, those by which its sale earned.
    """
    earned: Posting | None = posting
    if posting.kind == PostingKind.REVERSAL:
        earned = Posting.objects.filter(pk=posting.reverses).first() if posting.reverses else None
    ref = posting_ref_read(earned.source_ref) if earned is not None else None
    if earned is None or ref is None or earned.kind != PostingKind.ACCRUAL:
        return ()
    own = posting_ref_read(posting.source_ref)
    if own is not None and own.source_ref == ref.source_ref:
        # No refund: others took of its caps, and it was judged again.
        ref = own
    assessment = Assessment.objects.filter(
        activity__unit=earned.unit_id, activity__source_ref=ref.source_ref
    ).first()
    if assessment is None:
        return ()
    told = trace_told(_trace_then(assessment, ref))
    return tuple(line for line in told if line.program_id == earned.program_id)


def _trace_then(assessment: Assessment, ref: PostingRef) -> list[list[object]]:
    """What stood at the revision by which it was posted."""
    for earlier in assessment.earlier:
        if earlier["revision"] == ref.revision:
            then: list[list[object]] = earlier["trace"]
            return then
    now: list[list[object]] = assessment.trace
    return now
