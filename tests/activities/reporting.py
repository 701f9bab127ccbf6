"""Reports as units send them, for tests of the services: a sale with lines, its refunds, in any order."""

from decimal import Decimal

from django.db import transaction

from activities.models import Activity
from activities.rules.lines import LineReport
from activities.rules.reading import ActivityReport
from activities.services.recording import record_activities
from points.models import Posting, PostingKind
from tests.factories import NOW, make_earn_rule, make_member, make_program, make_unit


def make_shop(code="MALL", rate="1"):
    """A unit whose purchases earn in a program of its own."""
    unit = make_unit(code)
    make_earn_rule(unit, make_program(code, owner=unit), rate)
    return unit


def sold(ref="S1", amount="100.00", *, member=None, parts=(), at=NOW, **fields):
    """A purchase; `parts` are the amounts of its lines."""
    return ActivityReport(
        **{
            "source_ref": ref,
            "kind": "purchase",
            "member_ref": None,
            "outlet_id": None,
            "occurred_at": at,
            "amount": Decimal(amount),
            "currency": "CNY",
            "member_id": member.pk if member else None,
            "lines": numbered(parts),
        }
        | fields
    )


def numbered(amounts):
    """Lines of these amounts."""
    return tuple(LineReport(number, Decimal(part)) for number, part in enumerate(amounts, 1))


def refunded(ref, amount=None, *, of="S1", lines=(), at=NOW, **fields):
    """A refund by amount, by line (number → amount, None: all of the line), or of all that stands."""
    told = tuple(LineReport(n, None if part is None else Decimal(part)) for n, part in dict(lines).items())
    whole = amount is None and not (told and all(line.amount is not None for line in told))
    total = sum((line.amount or Decimal(0) for line in told), Decimal(0))
    return sold(
        ref,
        amount or str(total),
        at=at,
        kind="refund",
        refund_of=of,
        **{"is_whole": whole, "lines": told} | fields,
    )


def record(unit, *reports, at=NOW, by="test"):
    with transaction.atomic():
        return record_activities(unit=unit, reports=reports, by=by, at=at)


def codes(told):
    """Of each answer why it was refused, or None."""
    return [one.refusal.code if one.refusal else None for one in told]


def final_state():
    """All that must be the same, whatever order the deliveries came in."""
    activities = set(
        Activity.objects.values_list("unit__code", "source_ref", "kind", "member_id", "amount", "refunded")
    )
    net = {}
    for posting in Posting.objects.filter(kind__in=[PostingKind.ACCRUAL, PostingKind.REVERSAL]):
        sign = 1 if posting.kind == PostingKind.ACCRUAL else -1
        key = (posting.program_id, posting.member_id)
        net[key] = net.get(key, 0) + sign * posting.points
    return activities, net


__all__ = ["codes", "final_state", "make_member", "make_shop", "record", "refunded", "sold"]
