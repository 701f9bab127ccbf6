"""The messages of a member's own profile."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.input import InstantField, StrictSerializer
from members.models import Enrolment, Member, ResidencyRole
from members.rules.masking import masked_identity
from members.rules.normalise import ADDRESS_CHARACTERS_MAX, NAME_CHARACTERS_MAX

GENDERS = ("female", "male", "other", "")


@extend_schema_field({"type": "string"})
class PlainText(serializers.Field[str, Any, str, Any]):
    """Text as a person types it; what must not be in it is refused by the rules, not cut off here."""

    default_error_messages = {
        "not_a_string": _("This is a string."),
        "too_long": _("At most {max_length} characters."),
    }

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        self.max_length = max_length
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("not_a_string")
        if len(data) > self.max_length:
            self.fail("too_long", max_length=self.max_length)
        return str(data)

    def to_representation(self, value: str) -> str:
        return value


class IdentityLine(serializers.Serializer[Any]):
    """What signs in or finds this member, masked."""

    kind = serializers.CharField()
    value = serializers.CharField()


class RoleLine(serializers.Serializer[Any]):
    """What I am at a venue now."""

    venue = serializers.CharField(source="venue.code")
    name = serializers.CharField(source="venue.name")
    role = serializers.ChoiceField(ResidencyRole.choices)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(allow_null=True)


class Profile(serializers.Serializer[Member]):
    """A member as they see themself."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    status = serializers.CharField()
    name = serializers.CharField()
    gender = serializers.CharField()
    birth_date = serializers.DateField(allow_null=True)
    address = serializers.CharField()
    joined_at = InstantField()
    identities = serializers.SerializerMethodField()
    residencies = serializers.SerializerMethodField()

    @extend_schema_field(IdentityLine(many=True))
    def get_identities(self, _member: Member) -> list[dict[str, str]]:
        """Masked, even to their owner: phones are read over shoulders."""
        identities: list[tuple[str, str]] = self.context["identities"]
        return [{"kind": kind, "value": masked_identity(kind, value)} for kind, value in identities]

    @extend_schema_field(RoleLine(many=True))
    def get_residencies(self, _member: Member) -> Any:
        """In force now. All of them: `me/residencies`."""
        return RoleLine(self.context["roles"], many=True).data


class ProfileEdit(StrictSerializer):
    """What a member may change of themself. A birth date can be given once."""

    name = PlainText(max_length=NAME_CHARACTERS_MAX, required=False)
    gender = serializers.ChoiceField(choices=GENDERS, required=False)
    birth_date = serializers.DateField(required=False, input_formats=["iso-8601"])
    address = PlainText(max_length=ADDRESS_CHARACTERS_MAX, required=False)


class UnitLine(serializers.Serializer[Any]):
    """A business unit by name."""

    code = serializers.CharField()
    name = serializers.CharField()
    sector = serializers.CharField()


class EnrolmentLine(serializers.Serializer[Enrolment]):
    """A unit that knows the member: since when, and under which card."""

    unit = UnitLine()
    legacy_card = serializers.CharField(allow_null=True)
    channel = serializers.CharField()
    joined_at = InstantField()
