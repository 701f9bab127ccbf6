"""The partner surface's door for new members: somebody stands at the counter."""

from typing import Any, cast

from django.utils.translation import gettext_lazy as text
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.input import InstantField, RefField
from members.api.serializers import GENDERS, PlainText
from members.models import Enrolment, MemberStatus
from members.rules.masking import masked_name
from members.rules.normalise import NAME_CHARACTERS_MAX
from members.services.counter import ToldAtCounter, enrol_at_counter
from members.services.looking import Seen, look_as_unit
from units.api.auth import PartnerRequest, PartnerView


@extend_schema_serializer(component_name="CounterEnrolment")
class CounterRequest(PartnerRequest):
    """Who they say they are: a phone, the unit's card, or both; and which text of consent they agreed to."""

    phone = RefField(max_length=32, required=False, help_text=text("In any usual form."))
    card = RefField(max_length=40, required=False, help_text=text("The unit's own card."))
    name = PlainText(max_length=NAME_CHARACTERS_MAX)
    email = RefField(max_length=254, required=False)
    gender = serializers.ChoiceField(choices=GENDERS, required=False)
    birth_date = serializers.DateField(required=False, input_formats=["iso-8601"])
    consent_text = RefField(max_length=40, help_text=text("The version of the text they were shown."))


class EnrolledMember(serializers.Serializer[Enrolment]):
    """The member as a counter may see them: the name is masked. `seen`, in the context: what it may see."""

    id = serializers.UUIDField(source="member.pk")
    number = serializers.CharField(source="member.number")
    name = serializers.SerializerMethodField(
        help_text=text("Masked. Null: the member does not want this unit to see it.")
    )
    status = serializers.ChoiceField(MemberStatus.choices, source="member.status")
    legacy_card = serializers.CharField(allow_null=True)
    joined_at = InstantField()

    def get_name(self, _enrolment: Enrolment) -> str | None:
        seen: Seen | None = self.context["seen"]
        return None if seen is None else masked_name(seen.values.get("name", ""))


_ASKED = {
    "unit": "MALL",
    "phone": "138 1234 5678",
    "name": "王小明",
    "consent_text": "privacy-2026-05",
}
_TOLD = {
    "id": "01950000-0000-7000-8000-000000000001",
    "number": "100000000017",
    "name": "王**",
    "status": "active",
    "legacy_card": None,
    "joined_at": "2026-06-15T04:00:00+00:00",
}


class CounterMembers(PartnerView):
    """Enrolling."""

    required_scope = "members:enrol"
    idempotent = True

    @extend_schema(
        operation_id="enrol_member",
        tags=["members"],
        request=CounterRequest,
        responses={201: EnrolledMember, 200: EnrolledMember},
        examples=[
            OpenApiExample("A phone and a name", value=_ASKED, request_only=True),
            OpenApiExample("Enrolled", value=_TOLD, response_only=True, status_codes=["200", "201"]),
        ],
    )
    def post(self, _request: Request) -> Response:
        """Make somebody a member at this unit. 201: enrolled now; 200: this unit knew them.

        A phone that any unit knows is the same member. A `consent_text` that head office has published is
        kept as a consent given to this unit; another is your own paper. Under 14, the membership is `frozen`
        until a guardian is on record. Refusals: `nothing_identifies`; `card_of_another`; `email_of_another`;
        `bad_phone`; `consent_text_outdated`.
        """
        asked: dict[str, Any] = self.read(CounterRequest)
        consent_text = asked.pop("consent_text")
        if "card" in asked:
            asked["legacy_card"] = asked.pop("card")
        at = clock.now()
        enrolment, is_new = enrol_at_counter(
            unit=self.unit,
            told=cast("ToldAtCounter", asked),
            consent_text=consent_text,
            by=self.actor,
            at=at,
        )
        seen = look_as_unit(
            member_id=enrolment.member_id, unit=self.unit, fields=["name"], by=self.actor, at=at
        )
        answer = EnrolledMember(enrolment, context={"seen": seen})
        return Response(answer.data, status=201 if is_new else 200)
