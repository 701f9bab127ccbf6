"""Why points were given, on the page that explains a posting: each rule that was looked at."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.admin import Panel
from points.models import PostingKind
from points.selectors.explaining import PostingExplanation
from points.selectors.explaining.words import rule_told


def grounds_panel(explained: PostingExplanation) -> Panel:
    """A line a rule: taken or not, why, and what it gave."""
    is_taken_back = explained.posting.kind == PostingKind.REVERSAL
    return Panel(
        title=gettext("Each rule that was looked at"),
        headers=[_("rule and version"), _("taken"), _("why"), _("points")],
        rows=[
            (
                rule_told(ground.rule),
                gettext("yes") if ground.is_taken else gettext("no"),
                ground.words,
                _exact(ground.exact_told),
            )
            for ground in explained.grounds
        ],
        note=gettext("As the sale earned; a refund takes its part of the sum.")
        if is_taken_back
        else gettext("Before rounding. The sum rounds down once; caps cut last."),
        right=frozenset({3}),
    )


def _exact(told: str) -> str:
    """A decimal string with its sign; nothing is a dash."""
    if told == "0":
        return "—"
    return f"−{told[1:]}" if told.startswith("-") else f"+{told}"
