"""The peer's web: an earn through DRF and the ORM ledger, with a serializer and nothing else."""

from datetime import UTC, datetime
from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.bench.plain_orm.services import earn

EXPIRES = datetime(2040, 1, 1, tzinfo=UTC)


class EarnRequest(serializers.Serializer[Any]):
    """What is told."""

    member = serializers.IntegerField(min_value=1)
    points = serializers.IntegerField(min_value=1)
    reference = serializers.CharField(max_length=200)


class Earns(APIView):
    """No keys, no rules, no stored answers: less than the product does."""

    def post(self, request: Request) -> Response:
        told = EarnRequest(data=request.data)
        told.is_valid(raise_exception=True)
        posted = earn(**told.validated_data, expires_at=EXPIRES)
        return Response({"id": posted.pk, "reference": posted.reference}, status=201)


urlpatterns = [path("earns", Earns.as_view())]
