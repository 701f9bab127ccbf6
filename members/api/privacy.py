"""A member decides who has their data, sees who looked, and takes a copy."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as text
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.errors import InvalidRequest, NotFound
from common.input import FlagField, InstantField, RefField, StrictSerializer
from members.api.auth import MemberView
from members.api.serializers import UnitLine
from members.models import AccessKind, ConsentPurpose, DataAccess
from members.selectors.consents import accesses_of, standings_of, texts_in_force
from members.services.consents import Choice, say_consents
from units.selectors.units import unit_by_code

CHANNEL = "app"
CHOICES_MAX = 100
_UNIT = {"code": "HOTEL", "name": "Hotels", "sector": "hotel"}


class ConsentTextShape(serializers.Serializer[Any]):
    """What I am asked to agree to, in the language of `Accept-Language`."""

    purpose = serializers.ChoiceField(ConsentPurpose.choices)
    version = serializers.CharField()
    title = serializers.CharField()
    words = serializers.CharField()


class ConsentShape(serializers.Serializer[Any]):
    """What I said about a purpose and a unit. `holds`: it permits now; not so where a new text asks again."""

    purpose = serializers.ChoiceField(ConsentPurpose.choices)
    unit = UnitLine()
    is_given = serializers.BooleanField()
    holds = serializers.BooleanField()
    version = serializers.CharField(allow_null=True, help_text=text("Null: nothing was said yet."))
    since = InstantField(allow_null=True)


_CONSENTS = {
    "texts": [
        {
            "purpose": "share",
            "version": "share-1",
            "title": "Let a unit see my data",
            "words": "I agree that this business unit …",
        }
    ],
    "consents": [
        {
            "purpose": "share",
            "unit": _UNIT,
            "is_given": True,
            "holds": True,
            "version": "share-1",
            "since": "2026-06-15T04:00:00+00:00",
        }
    ],
}


@extend_schema_serializer(examples=[OpenApiExample("One given", value=_CONSENTS, response_only=True)])
class ConsentsShape(serializers.Serializer[Any]):
    """The texts in force, and what I said about each purpose and unit."""

    texts = ConsentTextShape(many=True)
    consents = ConsentShape(many=True)


class ConsentChoice(StrictSerializer):
    """Yes or no. A yes names the version of the text that I read; a no needs none."""

    purpose = serializers.ChoiceField(ConsentPurpose.choices)
    unit = RefField(max_length=24)
    is_given = FlagField()
    version = RefField(max_length=40, required=False)


class ConsentChoices(StrictSerializer):
    """What I say; what is not named stays."""

    consents = ConsentChoice(many=True, allow_empty=False, max_length=CHOICES_MAX)  # type: ignore[call-arg]  # DRF hands it to the list


class MyConsents(MemberView):
    """Who may have my data, for what."""

    @extend_schema(operation_id="my_consents", tags=["privacy"], responses=ConsentsShape)
    def get(self, _request: Request) -> Response:
        """Every purpose and business unit, and what I said. Nothing said is a no."""
        return self._told()

    @extend_schema(
        operation_id="say_consents",
        tags=["privacy"],
        request=ConsentChoices,
        responses=ConsentsShape,
        examples=[
            OpenApiExample(
                "Yes to one, no to another",
                value={
                    "consents": [
                        {"purpose": "share", "unit": "HOTEL", "is_given": True, "version": "share-1"},
                        {"purpose": "marketing", "unit": "MALL", "is_given": False},
                    ]
                },
                request_only=True,
            )
        ],
    )
    def put(self, _request: Request) -> Response:
        """Say yes or no. It holds at once; saying it again changes nothing.

        Refusals: `consent_text_missing`; `consent_text_outdated`, whose `version` is the one to read; 404: no
        such unit.
        """
        asked = self.read(ConsentChoices)["consents"]
        choices = [
            Choice(
                ConsentPurpose(one["purpose"]),
                self._unit(place, one),
                one["is_given"],
                one.get("version", ""),
            )
            for place, one in enumerate(asked)
        ]
        if len({(choice.purpose, choice.unit.pk) for choice in choices}) < len(choices):
            raise InvalidRequest(str(text("A purpose of a unit is named twice.")), field="consents")
        say_consents(
            member_id=self.member.pk, choices=choices, channel=CHANNEL, by=self.actor, at=clock.now()
        )
        return self._told()

    def _told(self) -> Response:
        told = {"texts": texts_in_force(), "consents": standings_of(member_id=self.member.pk)}
        return Response(ConsentsShape(told).data)

    @staticmethod
    def _unit(place: int, one: dict[str, Any]) -> Any:
        try:
            unit = unit_by_code(one["unit"])
        except NotFound as unknown:
            raise NotFound(field=f"consents.{place}.unit") from unknown
        return unit


_LOOK = {
    "at": "2026-06-15T04:00:00+00:00",
    "kind": "reveal",
    "unit": None,
    "what": ["phone"],
    "ground": "reveal_member",
    "reason": "Called back about a lost parcel",
}


@extend_schema_serializer(examples=[OpenApiExample("By staff", value=_LOOK, response_only=True)])
class AccessShape(serializers.Serializer[DataAccess]):
    """Somebody saw fields of mine: a unit under my consent, or a member of staff with a reason."""

    at = InstantField()
    kind = serializers.ChoiceField(AccessKind.choices)
    unit = UnitLine(allow_null=True, help_text=text("Null: head office, or myself."))
    what = serializers.ListField(child=serializers.CharField(), source="fields")
    ground = serializers.CharField(source="basis")
    reason = serializers.CharField()


class MyAccessLog(MemberView, ListAPIView[DataAccess]):
    """Who looked."""

    ordering = ("-at", "-id")
    serializer_class = AccessShape
    filter_backends = ()
    queryset = DataAccess.objects.none()

    @extend_schema(operation_id="my_access_log", tags=["privacy"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Who saw my personal data, newest first: which fields, on what ground, and staff's reason."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[DataAccess]:
        return accesses_of(member_id=self.member.pk)
