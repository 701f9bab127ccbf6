"""What a posting was posted for: the receipt, folio, hold, rate or person behind its source reference."""

from collections.abc import Callable
from typing import Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from common.admin import page_link
from members.models import Member
from points.models import ExchangeRate, Hold, Posting, PostingKind

Finder = Callable[[Posting], SafeString | None]

_finders: Final[dict[str, Finder]] = {}


def source_document(finder: Finder) -> Finder:
    """Ask the decorated function for the document behind a posting: its link, or None if it knows none.

    The floors above know why points are given, the ledger does not: they fill this slot when their admin is
    loaded.
    """
    _finders[f"{finder.__module__}.{finder.__qualname__}"] = finder
    return finder


def document_of(posting: Posting) -> object:
    """A link to the document; its bare reference where nobody here keeps one."""
    for finder in _finders.values():
        link = finder(posting)
        if link is not None:
            return link
    return posting.source_ref


@source_document
def hold_behind(posting: Posting) -> SafeString | None:
    """The hold that a redemption captured."""
    hold_id = (posting.detail or {}).get("hold")
    return (
        None if hold_id is None else page_link(Hold, hold_id, _("hold %(ref)s") % {"ref": posting.source_ref})
    )


@source_document
def rate_behind(posting: Posting) -> SafeString | None:
    """The rate by which points were exchanged."""
    if posting.kind != PostingKind.EXCHANGE or posting.detail is None:
        return None
    rates = ExchangeRate.objects.in_force(posting.occurred_at).select_related("source", "target")
    rate = rates.filter(source=posting.program_id, target=posting.detail["target"]).first()
    return None if rate is None else page_link(ExchangeRate, rate.pk, rate)


@source_document
def receiver_behind(posting: Posting) -> SafeString | None:
    """The member whom points went to."""
    to = (posting.detail or {}).get("to")
    if posting.kind not in (PostingKind.TRANSFER, PostingKind.MOVE) or to is None:
        return None
    member = Member.objects.filter(pk=to).first()
    return (
        None
        if member is None
        else page_link(Member, member.pk, _("to member %(number)s") % {"number": member})
    )
