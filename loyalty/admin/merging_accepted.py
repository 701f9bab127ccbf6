"""All pairs that were accepted in the queue, merged in one go: each by itself, refusals by their reason."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from common import clock
from common.admin import Panel, actor_of, page_link
from loyalty.admin.merge_panels import told_member
from loyalty.workflows.merge_accepted import PAIRS_MAX, accepted_pairs, merge_accepted
from members.models import MatchCandidate
from points.admin.acts import ActsAdmin

PAIRS_SHOWN = 20


class AcceptedPairs(ActsAdmin):
    """The act behind the button above the list of merges."""

    def merge_many(self, request: HttpRequest) -> HttpResponse:
        """Show the pairs; when it is confirmed, merge them."""

        def do(_said: Mapping[str, Any]) -> tuple[Any, str]:
            done = merge_accepted(by=actor_of(request.user), at=clock.now())
            for reason, count in done.refused.most_common():
                self.message_user(request, f"{count}: {reason}", messages.WARNING)
            words = ngettext("%(count)s pair merged.", "%(count)s pairs merged.", done.merged)
            return words % {"count": done.merged}, reverse("admin:members_membermerge_changelist")

        return self.act(
            request,
            form=forms.Form(request.POST if request.method == "POST" else None),
            do=do,
            title=_("Merge the accepted pairs"),
            button=_("Merge"),
            words=_(
                "At most %(count)s at once. A pair that cannot be merged stays and is told by its reason."
            )
            % {"count": PAIRS_MAX},
            panels=[_pairs_panel()],
            is_danger=True,
        )


def _pairs_panel() -> Panel:
    pairs = accepted_pairs()
    rows = [
        (
            page_link(MatchCandidate, one.pk, f"#{one.pk}"),
            f"{int(one.score * 1000) / 10:.1f} %",
            told_member(one.other.merged_into or one.other),
            told_member(one.member.merged_into or one.member),
            one.decided_by,
        )
        for one in pairs[:PAIRS_SHOWN]
    ]
    return Panel(
        title=gettext("Accepted, not merged yet: %(count)s") % {"count": pairs.count()},
        headers=[_("question"), _("score"), _("stays"), _("is merged away"), _("decided by")],
        rows=rows,
        right=frozenset({1}),
        note=gettext("The first %(count)d.") % {"count": PAIRS_SHOWN},
    )
