"""The messages of both surfaces that explain a balance, a lot or a posting: shapes only."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from common.input import InstantField, MoneyField, PointsField
from points.models import PostingKind
from points.selectors.explaining import Origin

LOT_STATES = ["available", "pending", "expired", "spent"]


class LineShape(serializers.Serializer[Any]):
    """One line of a sum."""

    code = serializers.CharField(help_text=_("What it is, in a stable word."))
    points = serializers.IntegerField(help_text=_("Signed: the lines of a list sum to the figure exactly."))
    words = serializers.CharField(help_text=_("What it is, in the asked language."))


class EndingShape(serializers.Serializer[Any]):
    """Points that die at one instant."""

    points = PointsField()
    lots = serializers.IntegerField()
    expires_at = InstantField()
    last_valid_on = serializers.DateField(help_text=_("In the program's time zone."))
    issuer = serializers.CharField()
    rule = serializers.CharField(allow_blank=True)
    words = serializers.CharField()


class StandingLotShape(serializers.Serializer[Any]):
    """A lot with points left. See `lots/{id}` of the wallet for its life."""

    id = serializers.UUIDField()
    issuer = serializers.CharField(help_text=_("The unit that gave the points."))
    kind = serializers.ChoiceField(PostingKind.choices, help_text=_("Of the posting that made it."))
    rule = serializers.CharField(allow_blank=True)
    posting = serializers.UUIDField(help_text=_("The posting that made it."))
    points = PointsField()
    left = PointsField()
    held = PointsField(min_value=0, help_text=_("Of what is left: reserved for a sale in progress."))
    state = serializers.ChoiceField(LOT_STATES)
    earned_at = InstantField()
    available_at = InstantField()
    expires_at = InstantField(allow_null=True, help_text=_("Null: never."))
    last_valid_on = serializers.DateField(allow_null=True)


class LotPageShape(serializers.Serializer[Any]):
    """A page of lots, first to be spent first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = StandingLotShape(many=True)


class BalanceExplanationShape(serializers.Serializer[Any]):
    """A balance told four ways: the lines of `uses`, `history`, `lot_sums` and `origins` each sum to it."""

    program = serializers.CharField()
    name = serializers.CharField()
    as_of = InstantField(allow_null=True, help_text=_("The past instant that was asked for. Null: now."))
    balance = serializers.IntegerField()
    headline = serializers.CharField(help_text=_("The sum, and what dies first, in one sentence."))
    uses = LineShape(many=True, help_text=_("What can be done with the points."))
    history = LineShape(many=True, help_text=_("Everything that ever happened, by kind of posting."))
    lot_sums = LineShape(many=True, help_text=_("What the lots were given, and what was drawn from them."))
    origins = LineShape(many=True, help_text=_("Who gave what is left, under which rule: 20 at most."))
    endings = EndingShape(many=True, help_text=_("What dies when: the next 12."))
    lots = LotPageShape()


class BirthShape(serializers.Serializer[Any]):
    """The posting that made a lot. Null: another member's, of which you see your side only."""

    posting = serializers.UUIDField()
    kind = serializers.ChoiceField(PostingKind.choices)
    unit = serializers.CharField()
    source_ref = serializers.CharField(allow_null=True)
    rule = serializers.CharField(allow_blank=True)
    occurred_at = InstantField()
    words = serializers.CharField()


class ExpiryShape(serializers.Serializer[Any]):
    """Why the lot dies when it does."""

    origin = serializers.ChoiceField([origin.value for origin in Origin])
    expires_at = InstantField(allow_null=True, help_text=_("Null: never."))
    last_valid_on = serializers.DateField(allow_null=True)
    renewed_by = serializers.UUIDField(allow_null=True, help_text=_("The posting that renewed it last."))
    words = serializers.CharField()


class LotDrawShape(serializers.Serializer[Any]):
    """What one posting took from the lot (negative), or put back."""

    posting = serializers.UUIDField(allow_null=True)
    kind = serializers.ChoiceField(PostingKind.choices)
    unit = serializers.CharField(help_text=_("Where the points were honoured, for a redemption."))
    points = serializers.IntegerField()
    left = PointsField(min_value=0, help_text=_("In the lot, after it."))
    occurred_at = InstantField()
    words = serializers.CharField()


class EarlierDrawsShape(serializers.Serializer[Any]):
    """The draws before those that are listed, in one sum."""

    draws = serializers.IntegerField()
    points = serializers.IntegerField()


class LotHoldShape(serializers.Serializer[Any]):
    """A sale in progress that reserves points of the lot."""

    unit = serializers.CharField()
    points = PointsField()
    expires_at = InstantField(help_text=_("When it times out by itself."))


class AncestorShape(serializers.Serializer[Any]):
    """A lot that this one was made of. Another member's has no `id`."""

    steps = serializers.IntegerField(help_text=_("1: the lot before; the highest: the first earning."))
    id = serializers.UUIDField(allow_null=True)
    program = serializers.CharField()
    issuer = serializers.CharField()
    earned_at = InstantField()
    words = serializers.CharField()


class LotExplanationShape(serializers.Serializer[Any]):
    """A lot's life: the lines of `sums` sum to what remains, and so do its points, `earlier` and `draws`."""

    id = serializers.UUIDField()
    program = serializers.CharField()
    issuer = serializers.CharField()
    points = PointsField()
    remaining = PointsField(min_value=0)
    held = PointsField(min_value=0)
    state = serializers.ChoiceField(LOT_STATES)
    available_at = InstantField()
    headline = serializers.CharField()
    sums = LineShape(many=True)
    birth = BirthShape()
    expiry = ExpiryShape()
    earlier = EarlierDrawsShape()
    draws = LotDrawShape(many=True, help_text=_("The latest 100, oldest first."))
    holds = LotHoldShape(many=True)
    made_of = AncestorShape(many=True)


class WalletSumShape(serializers.Serializer[Any]):
    """What happened to one wallet."""

    program = serializers.CharField()
    points = serializers.IntegerField(help_text=_("What moved, signed."))
    sums = LineShape(many=True)
    words = serializers.CharField()


class ConversionShape(serializers.Serializer[Any]):
    """Points of one program at the rate at which they covered or became those of another."""

    source = serializers.CharField()  # type: ignore[assignment]  # the message's field, not the base's attribute
    target = serializers.CharField()
    spent = PointsField()
    covered = PointsField()
    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField()
    words = serializers.CharField()


class DrawnLotShape(serializers.Serializer[Any]):
    """Points drawn from a lot; negative: put back."""

    lot = serializers.UUIDField()
    program = serializers.CharField()
    issuer = serializers.CharField()
    points = serializers.IntegerField()


class MadeLotShape(serializers.Serializer[Any]):
    """A lot that the posting made."""

    lot = serializers.UUIDField()
    program = serializers.CharField()
    issuer = serializers.CharField()
    points = PointsField()
    expires_at = InstantField(allow_null=True)


class ReversalLine(serializers.Serializer[Any]):
    """A later posting that took a part of it back."""

    posting = serializers.UUIDField()
    points = PointsField()
    occurred_at = InstantField()


class TraceShape(serializers.Serializer[Any]):
    """One rule that was looked at, by its code and version: taken or not, and why.

    `points` are whole ones, `exact` what it gave before rounding; what a cap took away is negative.
    """

    rule = serializers.CharField()
    program = serializers.CharField()
    taken = serializers.BooleanField(source="is_taken")
    reason = serializers.CharField(help_text=_("A stable word."))
    words = serializers.CharField(help_text=_("The reason, in the language asked for."))
    points = PointsField(min_value=0)
    exact = serializers.CharField(source="exact_told", help_text=_("A decimal string without idle zeros."))


class PostingExplanationShape(serializers.Serializer[Any]):
    """A posting taken apart: each wallet's `sums` end in what moved in it."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(PostingKind.choices)
    unit = serializers.CharField()
    source_ref = serializers.CharField(allow_null=True, help_text=_("Null: another member's."))
    program = serializers.CharField()
    points = PointsField()
    rule = serializers.CharField(allow_blank=True)
    occurred_at = InstantField()
    posted_at = InstantField()
    headline = serializers.CharField(help_text=_("What, where, when, under which rule and by whom."))
    wallets = WalletSumShape(many=True)
    conversions = ConversionShape(many=True)
    draws = DrawnLotShape(many=True, help_text=_("200 at most."))
    draws_left_out = serializers.IntegerField()
    lots = MadeLotShape(many=True, help_text=_("200 at most."))
    lots_left_out = serializers.IntegerField()
    trace = TraceShape(
        many=True,
        source="grounds",
        help_text=_("Of points earned, or of earned points taken back: every rule that was looked at."),
    )
    reverses = serializers.UUIDField(allow_null=True)
    reversals = ReversalLine(many=True)
    standing = PointsField(min_value=0, help_text=_("Its points less what was reversed."))
    digest = serializers.CharField(help_text=_("SHA-256 over all it says, in hexadecimal."))


class OwedShape(serializers.Serializer[Any]):
    """What a unit that gave points owes this one for honouring them; below zero: is given back."""

    issuer = serializers.CharField()
    honoured_by = serializers.CharField()
    points = serializers.IntegerField()
    is_given_back = serializers.BooleanField(help_text=_("True: what was owed before is owed no more."))
    amount = MoneyField(help_text=_("Exact."))
    words = serializers.CharField()


class PaymentExplanationShape(PostingExplanationShape):
    """A payment taken apart, with what the units owe one another for it."""

    owed = OwedShape(many=True)
