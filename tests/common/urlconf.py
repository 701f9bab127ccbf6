"""Routes that exist only for these tests: real views on ApiView, over the tables that common owns."""

from datetime import UTC, datetime

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import connection
from django.http import Http404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from common.api import ApiView, etag_of
from common.errors import DomainError, InvalidRequest, Unavailable
from common.input import InstantField, MoneyField, PointsField, RefField, StrictSerializer
from common.models import JobRun

handler404 = "common.errors.page_not_found"
handler500 = "common.errors.server_error"

AT = datetime(2026, 3, 1, tzinfo=UTC)


class Caller:
    is_authenticated = True

    def __init__(self, pk: str) -> None:
        self.pk = pk


class CallerHeader(BaseAuthentication):
    """Whoever says so."""

    def authenticate(self, request):
        name = request.headers.get("X-Caller")
        if name == "revoked":
            raise AuthenticationFailed(code="key_revoked")
        return (Caller(name), None) if name else None

    def authenticate_header(self, request):
        return "Caller"


class Line(StrictSerializer):
    points = PointsField()


class Order(StrictSerializer):
    ref = RefField()
    points = PointsField()
    price = MoneyField(required=False)
    at = InstantField(required=False)
    lines = Line(many=True, required=False)
    number = serializers.CharField(read_only=True)


class Receipt(serializers.Serializer):
    ref = RefField()
    points = PointsField(min_value=0)
    price = MoneyField(required=False)
    at = InstantField(required=False)


class Run(serializers.ModelSerializer):
    class Meta:
        model = JobRun
        fields = ["id", "job", "period", "started_at"]


class Unlucky(DomainError):
    """Thirteen."""

    code = "unlucky"


class View(ApiView):
    authentication_classes = (CallerHeader,)


class Echo(View):
    @extend_schema(request=Order, responses=Receipt)
    def post(self, request):
        return Response(Receipt(self.read(Order)).data)


class EchoBatch(Echo):
    batch = True


class Effect(View):
    """One row an order: the effect that must happen once."""

    idempotent = True

    @extend_schema(request=Order, responses={201: Receipt})
    def post(self, request, pk=None):
        order = self.read(Order)
        number = JobRun.objects.count()
        JobRun.objects.create(job=order["ref"], period=f"{self.caller()} {number}", started_at=AT)
        if order["points"] == 13:
            raise Unlucky(points=13)
        if order["points"] == 14:
            return Response({"code": "said"}, status=409)
        if order["points"] == 15:
            raise RuntimeError("secret-inside")
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(%s)", [order["points"] / 1000 if order["points"] > 1000 else 0])
        return Response(
            {"ref": order["ref"], "number": number}, status=201, headers={"Location": f"/orders/{number}"}
        )

    def get(self, request):
        return Response({"rows": JobRun.objects.count()})


class Runs(View, generics.ListAPIView):
    ordering = ("-started_at", "-id")
    serializer_class = Run
    queryset = JobRun.objects.all()


class Profile(View):
    version = 1

    def patch(self, request):
        self.check_etag(etag_of("profile", self.version))
        return Response({}, headers={"ETag": etag_of("profile", self.version)})


class Limited(View):
    calls_per_minute = 3
    limit_name = "limited"

    def get(self, request):
        return Response({})


class Open(View):
    permission_classes = (AllowAny,)
    calls_per_minute = 1

    def get(self, request):
        return Response({})


class Raises(View):
    """Runs into every kind of trouble by name."""

    def get(self, request, trouble):
        RAISERS[trouble]()
        return Response({"name": request.query_params.get("name")})


def _raise(error):
    def raiser():
        raise error

    return raiser


def _sql(statement, *values):
    def raiser():
        with connection.cursor() as cursor:
            cursor.execute(statement, values)

    return raiser


RAISERS = {
    "fine": lambda: None,
    "domain": _raise(DomainError("Nothing left", needed=500, spendable=320)),
    "field": _raise(InvalidRequest("Too late", field="items.2.at")),
    "unavailable": _raise(Unavailable(retry_after=7)),
    "absent": _raise(Http404("secret-inside")),
    "forbidden": _raise(PermissionDenied("secret-inside")),
    "model": _raise(DjangoValidationError({"name": ["too long", "too odd"]})),
    "bug": _raise(RuntimeError("secret-inside")),
    "value": _sql("SELECT 99999999999::int"),
    "index": _sql(
        "INSERT INTO common_jobrun (job, period, started_at) "
        "SELECT 'a', string_agg(gen_random_uuid()::text, ''), now() FROM generate_series(1, 300)"
    ),
    "constraint": _sql(
        "INSERT INTO common_jobrun (job, period, started_at) VALUES ('a', 'b', now()), ('a', 'b', now())"
    ),
    "timeout": _sql("SET LOCAL statement_timeout = 20; SELECT pg_sleep(1)"),
    "deadlock": _sql("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$"),
    "lock": _sql("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '55P03'; END $$"),
    "disk": _sql("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '53100'; END $$"),
    "syntax": _sql("SELECT secret_inside"),
}

urlpatterns = [
    path("api/v1/echo", Echo.as_view()),
    path("api/v1/echo-batch", EchoBatch.as_view()),
    path("api/v1/effect", Effect.as_view()),
    path("api/v1/effect/<uuid:pk>", Effect.as_view()),
    path("api/v1/effect-named/<str:pk>", Effect.as_view()),
    path("api/v1/runs", Runs.as_view()),
    path("api/v1/profile", Profile.as_view()),
    path("api/v1/limited", Limited.as_view()),
    path("api/v1/open", Open.as_view()),
    path("api/v1/raises/<str:trouble>", Raises.as_view()),
    path("plain/bug", lambda _request: 1 / 0),
    path("api/plain/bug", lambda _request: 1 / 0),
]
