"""The partner surface's door to many activities at once: an answer for each, and none spoils another."""

from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from activities.api import examples
from activities.api.serializers import ActivityRequest, EarnedShape
from activities.api.told import report_of
from activities.services.batches import Item, report_batch
from common import clock
from common.errors import DomainError, NotFound, problem_response
from units.api.auth import PartnerRequest, PartnerView
from units.selectors.units import outlet_ids_by_code

ITEMS_MAX = 1_000
OUTCOMES = (
    ("recorded", _("Recorded")),
    ("already_there", _("Already there")),
    ("refused", _("Refused")),
)


@extend_schema_serializer(component_name="BatchItem")
class BatchItemRequest(ActivityRequest):
    """An activity, as `activities` takes one; the unit is the batch's."""

    unit = None  # type: ignore[assignment]  # named once for all: DRF drops the field


class ItemsField(serializers.ListField):
    """Objects, each read by itself: one that does not fit is answered, the others are recorded."""

    child = serializers.DictField()


@extend_schema_serializer(component_name="Batch")
class BatchRequest(PartnerRequest):
    """1 to 1,000 activities of one unit."""

    outlet = None  # type: ignore[assignment]  # each item names its own
    items = BatchItemRequest(many=True)


class _Read(PartnerRequest):
    """The same with its items unread."""

    outlet = None  # type: ignore[assignment]
    items = ItemsField(min_length=1, max_length=ITEMS_MAX)


class ItemProblem(serializers.Serializer[Any]):
    """Why an item was refused: what a single request would have answered."""

    code = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(required=False)
    errors = serializers.ListField(  # type: ignore[assignment]  # the member's name in RFC 9457's problems here
        child=serializers.DictField(), required=False
    )


class BatchResultShape(serializers.Serializer[Any]):
    """What became of one item, in the order asked. Refused: `problem` says why."""

    index = serializers.IntegerField(min_value=0)
    source_ref = serializers.CharField(allow_null=True)
    outcome = serializers.ChoiceField(OUTCOMES)
    id = serializers.UUIDField(allow_null=True)
    earned = EarnedShape(many=True)
    problem = ItemProblem(allow_null=True)


class BatchShape(serializers.Serializer[Any]):
    """An answer for each item, and how many there are of each outcome."""

    unit = serializers.CharField()
    recorded = serializers.IntegerField(min_value=0)
    already_there = serializers.IntegerField(min_value=0)
    refused = serializers.IntegerField(min_value=0)
    results = BatchResultShape(many=True)


class ActivityBatch(PartnerView):
    """Reporting many activities."""

    required_scope = "activities:report"
    idempotent = True
    batch = True

    @extend_schema(
        operation_id="activity_batch",
        tags=["activities"],
        request=BatchRequest,
        responses=BatchShape,
        examples=[examples.BATCH_REPORTED, examples.BATCH],
    )
    def post(self, _request: Request) -> Response:
        """Record up to 1,000 activities, each as `activities` would. Needs an Idempotency-Key header.

        The answer is 200 with a result for each item, in order: an item that is refused leaves the others
        alone, and may be mended and sent again with all the rest: what is there already is `already_there`.
        """
        told = self.read(_Read)
        items = [self._item(one) for one in told["items"]]
        results = report_batch(unit=self.unit, items=items, by=self.actor, at=clock.now())
        shown = [
            {
                "index": index,
                "source_ref": result.source_ref,
                "outcome": result.outcome,
                "id": result.activity_id,
                "earned": result.earned,
                "problem": None if result.refusal is None else _problem(result.refusal),
            }
            for index, result in enumerate(results)
        ]
        counts = {word: sum(one["outcome"] == word for one in shown) for word, _label in OUTCOMES}
        return Response(BatchShape({"unit": self.unit.code, **counts, "results": shown}).data)

    def _item(self, said: dict[str, Any]) -> Item:
        ref = said.get("source_ref")
        ref = ref if isinstance(ref, str) else None
        reader = BatchItemRequest(data=said, context={"request": self.request, "view": self})
        try:
            reader.is_valid(raise_exception=True)
            told = dict(reader.validated_data)
            report = report_of(told, self._outlet_id(told.get("outlet")))
        except (DomainError, serializers.ValidationError) as refusal:
            return Item(ref, None, None, refusal)
        return Item(ref, report, told.get("member"), None)

    @cached_property
    def _outlets(self) -> dict[str, int]:
        return outlet_ids_by_code(self.unit)

    def _outlet_id(self, code: str | None) -> int | None:
        if code is not None and code not in self._outlets:
            raise NotFound(field="outlet")
        return None if code is None else self._outlets[code]


def _problem(refusal: Exception) -> dict[str, Any]:
    """What a single request would have answered, without its address."""
    told = problem_response(refusal, {}).data
    return {name: told[name] for name in ("code", "title", "status", "detail", "errors") if name in told}
