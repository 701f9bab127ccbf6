"""How the code of both surfaces is told in OpenAPI 3.1: our fields, problems and the key for retries.

drf-spectacular imports this through the settings, so nothing here may import its views.
"""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter

from common import CURRENCY_EXPONENTS
from common.errors import PROBLEM_JSON
from common.input import MONEY_DIGITS_MAX

PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details. `code` is stable; further members carry the facts.",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string", "description": "Dotted path; empty for the whole request."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
IDEMPOTENCY_KEY = OpenApiParameter(
    name="Idempotency-Key",
    location=OpenApiParameter.HEADER,
    required=True,
    type={"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[\\x20-\\x7e]+$"},
    description="One for each intent: a retry with the same key and body hears the first answer again.",
)


class ApiSchema(AutoSchema):
    """Adds what every ApiView answers: problems, and the key where a POST needs one."""

    def get_override_parameters(self) -> list[Any]:
        parameters = list(super().get_override_parameters())
        if self.method == "POST" and getattr(self.view, "idempotent", False):
            parameters.append(IDEMPOTENCY_KEY)
        return parameters

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            component = ResolvedComponent(  # type: ignore[no-untyped-call]  # untyped library
                name="Problem", type=ResolvedComponent.SCHEMA, schema=PROBLEM, object="Problem"
            )
            self.registry.register_on_missing(component)
            operation["responses"].setdefault(
                "default",
                {"description": "A refusal", "content": {PROBLEM_JSON: {"schema": component.ref}}},
            )
        return operation


class _StrictSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # untyped base
    target_class = "common.input.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        shape: dict[str, Any] = auto_schema._map_serializer(  # noqa: SLF001 -- how the library documents it
            self.target, direction, bypass_extensions=True
        )
        return {**shape, "additionalProperties": False} if direction == "request" else shape


class _PointsSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # untyped base
    target_class = "common.input.PointsField"

    def map_serializer_field(self, *_: Any) -> dict[str, Any]:
        bounds = {"minimum": self.target.min_value, "maximum": self.target.max_value}
        return {"type": "integer", "format": "int64", **bounds}


class _MoneySchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # untyped base
    target_class = "common.input.MoneyField"

    def get_name(self) -> str:
        return "Money"

    def map_serializer_field(self, *_: Any) -> dict[str, Any]:
        digits = f"A decimal string of at most {MONEY_DIGITS_MAX} digits, with the currency's decimals."
        return {
            "type": "object",
            "required": ["amount", "currency"],
            "additionalProperties": False,
            "properties": {
                "amount": {
                    "type": "string",
                    "pattern": r"^(0|[1-9][0-9]*)(\.[0-9]+)?$",
                    "description": digits,
                    "examples": ["12.50"],
                },
                "currency": {"type": "string", "enum": sorted(CURRENCY_EXPONENTS)},
            },
        }


class _RefSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # untyped base
    target_class = "common.input.RefField"

    def map_serializer_field(self, *_: Any) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": self.target.max_length}


class _InstantSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # untyped base
    target_class = "common.input.InstantField"

    def map_serializer_field(self, *_: Any) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}
