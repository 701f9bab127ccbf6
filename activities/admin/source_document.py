"""The activity behind a posting, for the screens of the ledger, which does not know why points are given."""

from django.utils.safestring import SafeString

from activities.models import Activity
from activities.rules.postings import posting_ref_of
from common.admin import page_link
from points.admin.documents import source_document
from points.models import Posting


@source_document
def activity_behind(posting: Posting) -> SafeString | None:
    """The purchase, stay, fee or refund that a unit reported under this reference."""
    prefix = posting_ref_of(posting.program.code, "")
    if not posting.source_ref.startswith(prefix):
        return None
    reported = Activity.objects.filter(
        unit=posting.unit_id, source_ref=posting.source_ref.removeprefix(prefix)
    )
    activity = reported.first()
    return None if activity is None else page_link(Activity, activity.pk, activity)
