"""The activity behind a posting, for the screens of the ledger, which does not know why points are given."""

from django.utils.safestring import SafeString

from activities.models import Activity
from activities.selectors.posting_grounds import activity_of
from common.admin import page_link
from points.admin.documents import source_document
from points.models import Posting


@source_document
def activity_behind(posting: Posting) -> SafeString | None:
    """The purchase, stay, fee or refund that a unit reported under this reference."""
    activity = activity_of(posting)
    return None if activity is None else page_link(Activity, activity.pk, activity)
