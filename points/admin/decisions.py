"""What one operator asks for and another decides on: the three acts of every such screen."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from common import clock
from common.admin import Panel, PanelPage, list_address
from points.admin.acts import ActsAdmin, DecisionForm, RejectionForm, operator_of, sent


class Decisions(NamedTuple):
    """The services that decide; each is called with the row under `named`, and `by`, `at`, `note`."""

    named: str
    approve: Callable[..., Any]
    reject: Callable[..., Any]
    withdraw: Callable[..., Any]


class DecidedByAnother(ActsAdmin, PanelPage):
    """Approve, reject, withdraw. Who asked may only take back; who decides is somebody else."""

    actions_detail: tuple[str, ...] = ("approve", "reject", "withdraw")
    decisions: ClassVar[Decisions]
    decide_right: ClassVar[str]
    waiting_state: ClassVar[str]
    asker_field: ClassVar[str]
    approved_words: ClassVar[Any]

    def asked_panel(self, row: Any) -> Panel:
        """What was asked, above the decision."""
        raise NotImplementedError("each screen tells its own rows")

    def has_decide_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Whoever has the right, on what another person asked and nobody decided."""
        asker = self._asker_of_waiting(request, object_id)
        return asker is not None and asker != request.user.pk and request.user.has_perm(self.decide_right)

    def has_take_back_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Who asked, while it waits."""
        asker = self._asker_of_waiting(request, object_id)
        return asker is not None and asker == request.user.pk

    @action(description=_("Approve"), url_path="approve", permissions=["decide"], icon="check")
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let it come about."""
        form = DecisionForm(sent(request))
        return self._decide(
            request, object_id, self.decisions.approve, form, _("Approve"), self.approved_words
        )

    @action(description=_("Reject"), url_path="reject", permissions=["decide"], icon="close")
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Refuse it, and say why."""
        form = RejectionForm(sent(request))
        return self._decide(request, object_id, self.decisions.reject, form, _("Reject"), _("Rejected."))

    @action(description=_("Withdraw"), url_path="withdraw", permissions=["take_back"], icon="undo")
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take back one's own."""
        form = DecisionForm(sent(request))
        return self._decide(request, object_id, self.decisions.withdraw, form, _("Withdraw"), _("Withdrawn."))

    def _decide(  # noqa: PLR0917 -- the row, the act and its words, in the order of the page
        self,
        request: HttpRequest,
        object_id: str,
        service: Callable[..., Any],
        form: DecisionForm,
        button: Any,
        done: Any,
    ) -> HttpResponse:
        asked, at = self.get_object(request, object_id), clock.now()
        assert asked is not None, "the permission was asked of this row"

        def do(said: Any) -> tuple[Any, str]:
            service(**{self.decisions.named: asked}, by=operator_of(request), at=at, note=said["note"])
            return done, list_address(self.model)

        return self.act(
            request,
            form=form,
            do=do,
            title=f"{button}: {asked}",
            button=button,
            panels=self._told(asked, at),
            is_danger=service is not self.decisions.approve,
        )

    def _told(self, asked: Any, at: datetime) -> list[Panel]:
        return [self.asked_panel(asked), *self.panels(asked, at)]

    def _asker_of_waiting(self, request: HttpRequest, object_id: str) -> int | None:
        row = self.get_object(request, object_id)
        if row is None or row.state != self.waiting_state:
            return None
        asker: int = getattr(row, self.asker_field)
        return asker
