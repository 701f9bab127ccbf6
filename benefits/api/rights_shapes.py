"""How entitlements and what was used of them are told, to members and to partners."""

import re
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from benefits.models import EntitlementEntry, EntryKind, HonouringPlace, Measure, QuotaPeriod
from benefits.selectors.entitlements import UsableRight
from benefits.selectors.words import amount_in_words, quota_in_words
from common.input import InstantField, MoneyField, RefField
from members.api.codes import ShownCodeShape
from points.api.till import MemberRef
from units.api.auth import PartnerRequest

ENTRY_KINDS: Final = [(kind.value, kind.label) for kind in (EntryKind.USE, EntryKind.RESTORE)]
_AMOUNT: Final = re.compile(r"(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,2})?", re.ASCII)


@extend_schema_field(OpenApiTypes.STR)
class AmountField(serializers.Field[Decimal, Any, str, Any]):
    """An amount of a benefit, as a string: whole times or minutes ("90"), or money ("50.00")."""

    default_error_messages = {
        "not_an_amount": _('An amount is a string such as "90" or "50.00", above zero.'),
    }

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str) or not _AMOUNT.fullmatch(data) or not Decimal(data):
            self.fail("not_an_amount")
        return Decimal(data)

    def to_representation(self, value: Decimal) -> str:
        return told_amount(value)


class HonouringPlaceShape(serializers.Serializer[HonouringPlace]):
    """Where it is honoured: a whole unit, or one venue or outlet of it."""

    unit = serializers.CharField(source="unit.code")
    venue = serializers.SerializerMethodField()
    outlet = serializers.SerializerMethodField()
    name = serializers.SerializerMethodField()

    def get_venue(self, place: HonouringPlace) -> str | None:
        return None if place.venue is None else place.venue.code

    def get_outlet(self, place: HonouringPlace) -> str | None:
        return None if place.outlet is None else place.outlet.code

    def get_name(self, place: HonouringPlace) -> str:
        if place.outlet is not None:
            return place.outlet.name
        return place.unit.name if place.venue is None else place.venue.name


class EntitlementShape(serializers.Serializer[UsableRight]):
    """What may be used, in the present period."""

    id = serializers.UUIDField(help_text=_("The same from one period to the next."))
    benefit = serializers.CharField(source="benefit.benefit.code")
    kind = serializers.CharField(source="benefit.benefit.kind.code")
    name = serializers.CharField(source="benefit.name")
    terms = serializers.CharField(source="benefit.terms")
    provider = serializers.CharField(source="benefit.benefit.provider.code")
    measure = serializers.ChoiceField(Measure.choices)
    quota = serializers.SerializerMethodField(help_text=_("In words, such as 3 h a day."))
    period = serializers.ChoiceField(QuotaPeriod.choices, source="right.terms.period")
    period_starts_on = serializers.DateField(source="period.starts_on")
    period_ends_on = serializers.DateField(source="period.ends_on", allow_null=True)
    given = AmountField(help_text=_("In this period."))
    left = AmountField(help_text=_("Of it."))
    left_in_words = serializers.SerializerMethodField()
    ends_at = InstantField(
        source="right.ends_at", allow_null=True, help_text=_("From when on it is over; null: open.")
    )
    why = serializers.CharField(help_text=_("Why the member has it."))
    is_shared = serializers.SerializerMethodField(
        help_text=_("Somebody else's of the household or home, who shares it.")
    )
    places = HonouringPlaceShape(source="benefit.places.all", many=True)

    def get_quota(self, usable: UsableRight) -> str:
        return quota_in_words(usable.right.terms, usable.measure, usable.benefit.currency)

    def get_left_in_words(self, usable: UsableRight) -> str:
        return amount_in_words(usable.left, usable.measure, usable.benefit.currency)

    def get_is_shared(self, usable: UsableRight) -> bool:
        return bool(usable.right.holder_id != self.context["member_id"])


class EntitlementsShape(serializers.Serializer[Any]):
    """All of them: there are few."""

    results = EntitlementShape(many=True)


class EntitlementCodeShape(ShownCodeShape):
    """A code for one entitlement."""

    entitlement = serializers.SerializerMethodField()

    def get_entitlement(self, _made: object) -> str:
        return str(self.context["right_id"])


class _WhoShows(PartnerRequest):
    """The member: by the code they show, or as the partner knows them."""

    code = RefField(max_length=120, required=False, help_text=_("As scanned, or the digits as typed."))
    member = MemberRef(required=False)
    venue = RefField(max_length=24, required=False, help_text=_("Where no outlet is named."))

    default_error_messages = {"not_one": _("Name the member by exactly one of code and member.")}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Two could mean two people."""
        if ("code" in attrs) == ("member" in attrs):
            self.fail("not_one")
        return attrs


class VerifyRequest(_WhoShows):
    """What may this member use here?"""

    kind = RefField(max_length=24, required=False, help_text=_("Such as PARKING; all kinds otherwise."))


class UseRequest(_WhoShows):
    """Use so much of one entitlement here."""

    amount = AmountField()
    source_ref = RefField(max_length=128, help_text=_("The unit's own reference: it uses once."))


class ReverseRequest(PartnerRequest):
    """Give back a usage, or a part of it."""

    usage = serializers.UUIDField(help_text=_("As the usage's receipt named it."))
    amount = AmountField(required=False, help_text=_("Left out: all that still stands."))
    source_ref = RefField(max_length=128, help_text=_("The unit's own reference: it gives back once."))


class VerifiedShape(serializers.Serializer[Any]):
    """Who stands there, masked, and what they may use here now."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    name = serializers.CharField(
        allow_null=True,
        help_text=_("Masked. Null: they are no customer of this unit and did not agree, or said no."),
    )
    entitlements = EntitlementShape(many=True)


class EntitlementEntryShape(serializers.Serializer[EntitlementEntry]):
    """What was used, or given back."""

    id = serializers.UUIDField()
    entitlement = serializers.UUIDField()
    kind = serializers.ChoiceField(ENTRY_KINDS)
    of = serializers.UUIDField(source="of_id", allow_null=True, help_text=_("The usage that is given back."))
    amount = AmountField()
    measure = serializers.ChoiceField(Measure.choices, source="version.benefit.kind.measure")
    value = MoneyField(source="worth", help_text=_("What it is worth, for settlement."))
    provider = serializers.CharField(source="provider.code")
    unit = serializers.CharField(source="unit.code")
    source_ref = serializers.CharField()
    happened_at = InstantField(source="at")


def told_amount(amount: Decimal) -> str:
    """Without the decimals that say nothing."""
    return f"{amount:f}" if amount % 1 else f"{amount:.0f}"
