"""Columns and filters that the ledger's lists share."""

from typing import Any

from django.contrib.admin import RelatedFieldListFilter
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import page_link
from members.models import Member


class LedgerColumns:
    """Whose, in which program, at which unit."""

    @display(description=_("member"))
    def member_link(self, row: Any) -> SafeString:
        """Leads to the member's page."""
        return page_link(Member, row.member_id, row.member.number)

    @display(description=_("program"))
    def program_name(self, row: Any) -> str:
        """In the reader's language."""
        return str(row.program)

    @display(description=_("business unit"))
    def unit_name(self, row: Any) -> str:
        """In the reader's language."""
        return str(row.unit)


class ProgramFilter(RelatedFieldListFilter):
    """By program."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("program")


class UnitFilter(RelatedFieldListFilter):
    """By business unit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("business unit")
