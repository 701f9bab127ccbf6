"""Numbers of things, nights or kilograms in messages."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from activities.rules.reading import ReportRefused, read_quantity


@extend_schema_field(OpenApiTypes.STR)
class QuantityField(serializers.Field[Any, Any, str, Any]):
    """A decimal string such as "2" or "1.250": at most three decimals, not negative."""

    default_error_messages = {"not_a_quantity": _('A quantity is a string such as "2" or "1.250".')}

    def to_internal_value(self, data: Any) -> Any:
        """The Decimal."""
        if not isinstance(data, str):
            self.fail("not_a_quantity")
        try:
            return read_quantity(data)
        except ReportRefused:
            self.fail("not_a_quantity")

    def to_representation(self, value: Any) -> str:
        """Without trailing zeros."""
        return f"{value.normalize():f}"
