"""The messages of both surfaces about points: shapes only, nothing is saved here."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.input import InstantField, PointsField
from points.models import Entry, PostingKind
from points.rules.local_days import last_valid_day_before
from points.selectors.balances import SOON, WalletSummary, summary_of
from points.selectors.redemptions import shares_of

LOT_STATES = [
    ("available", _("Available")),
    ("pending", _("Pending")),
    ("expired", _("Expired, not yet booked")),
]


class ExpiringSoon(serializers.Serializer[Any]):
    """What dies within the next days, if it is not spent."""

    within_days = serializers.IntegerField()
    points = PointsField(min_value=0)
    first_expires_at = InstantField(allow_null=True)
    first_last_valid_on = serializers.DateField(
        allow_null=True, help_text=_("Last day to spend the first of them, in the program's time zone.")
    )


class WalletShape(serializers.Serializer[Any]):
    """A wallet.

    `balance` = `available` + `kept_for_debt` + `pending` + `held` + `expired_unswept` − `debt`.
    """

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Of a WalletSummary, or of the row that one is read from."""
        summary = instance if isinstance(instance, WalletSummary) else summary_of(instance)
        return super().to_representation(summary)

    program = serializers.CharField(source="program.code")
    name = serializers.CharField(source="program.name")
    balance = serializers.IntegerField(help_text=_("On the books; below zero only by the debt."))
    available = PointsField(min_value=0, help_text=_("Can be spent now."))
    kept_for_debt = PointsField(min_value=0, help_text=_("Put back beside a debt: they stand against it."))
    pending = PointsField(min_value=0, help_text=_("Given; can be spent later."))
    held = PointsField(min_value=0, help_text=_("Reserved for a sale in progress."))
    expired_unswept = PointsField(min_value=0, help_text=_("Expired; the nightly sweep will take them."))
    debt = PointsField(min_value=0, help_text=_("Owed; points to come repay it first."))
    expiring_soon = serializers.SerializerMethodField()
    lots = serializers.IntegerField(help_text=_("Open lots; see `lots` of this wallet."))

    @extend_schema_field(ExpiringSoon)
    def get_expiring_soon(self, summary: WalletSummary) -> dict[str, Any]:
        """Within 30 days."""
        soon = {
            "within_days": SOON.days,
            "points": summary.soon_points,
            "first_expires_at": summary.soonest_expiry,
            "first_last_valid_on": summary.last_valid_on,
        }
        return dict(ExpiringSoon(soon).data)


class DrawnShape(serializers.Serializer[Any]):
    """Points that postings of one kind took from a lot; negative: put back."""

    kind = serializers.ChoiceField(PostingKind.choices)
    points = serializers.IntegerField()
    postings = serializers.IntegerField()


class LotPosting(serializers.Serializer[Any]):
    """The posting that gave the lot: for what, and by which rule."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(PostingKind.choices)
    unit = serializers.CharField(source="unit.code")
    source_ref = serializers.CharField()
    rule = serializers.CharField(allow_blank=True)


class LotShape(serializers.Serializer[Any]):
    """A lot: `points` given, less what was drawn, is `remaining`."""

    id = serializers.UUIDField()
    points = PointsField()
    remaining = PointsField()
    held = PointsField(min_value=0, help_text=_("Of the remaining: reserved for a sale in progress."))
    state = serializers.ChoiceField(LOT_STATES)
    issuer = serializers.CharField(source="issuer.code", help_text=_("The unit that gave the points."))
    earned_at = InstantField()
    available_at = InstantField()
    expires_at = InstantField(allow_null=True, help_text=_("Null: never."))
    last_valid_on = serializers.SerializerMethodField()
    drawn = DrawnShape(many=True)
    posting = LotPosting()

    @extend_schema_field(serializers.DateField(allow_null=True))
    def get_last_valid_on(self, lot: Any) -> str | None:
        """The last day to spend it, in the program's time zone."""
        day = last_valid_day_before(lot.expires_at, lot.program.time_zone)
        return None if day is None else day.isoformat()


class EntryShape(serializers.Serializer[Any]):
    """Points into the wallet of a program (negative: out of it)."""

    program = serializers.CharField(source="program.code")
    points = serializers.IntegerField()


class ShareShape(serializers.Serializer[Any]):
    """`points` of the wallet's own program, worth `covers` points of the price's program."""

    program = serializers.CharField()
    points = PointsField()
    covers = PointsField()


class PostingShape(serializers.Serializer[Any]):
    """A line of the statement."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(PostingKind.choices)
    unit = serializers.CharField(source="unit.code")
    source_ref = serializers.CharField()
    program = serializers.CharField(source="program.code", help_text=_("The program of `points`."))
    points = PointsField(help_text=_("What was given, priced or lost, without sign."))
    entries = EntryShape(many=True, help_text=_("What moved in each wallet, signed."))
    shares = serializers.SerializerMethodField()
    rule = serializers.CharField(allow_blank=True)
    occurred_at = InstantField()
    posted_at = InstantField()

    @extend_schema_field(ShareShape(many=True))
    def get_shares(self, posting: Any) -> list[dict[str, Any]]:
        """Of a redemption: what each wallet paid, first asked first; of its reversal: what each got back."""
        entries: list[Entry] = list(posting.entries.all())
        codes = {entry.program_id: entry.program.code for entry in entries}
        return shares_told(shares_of(posting), codes)


class RateShape(serializers.Serializer[Any]):
    """`denominator` points of `from_program` are worth `numerator` points of `to_program`."""

    from_program = serializers.CharField(source="source.code")
    to_program = serializers.CharField(source="target.code")
    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField()
    cap_per_member_day = serializers.IntegerField(
        allow_null=True,
        help_text=_("Points of `from_program` that a member may exchange in a day. Null: any number."),
    )
    starts_at = InstantField(source="during.lower", allow_null=True)
    ends_at = InstantField(source="during.upper", allow_null=True)


def shares_told(shares: Any, codes: dict[int, str]) -> list[dict[str, Any]]:
    """Shares of the ledger as both surfaces tell them; `codes` are the programs' by id.

    A reversal may take so little off a share that no whole point comes back yet: that wallet is left out.
    """
    return [
        {"program": codes[share.program_id], "points": share.spent, "covers": share.covered}
        for share in shares
        if share.spent
    ]
