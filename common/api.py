"""The base of every REST view on both surfaces: reading, keys for retries, pages, limits, If-Match."""

import base64
import binascii
import functools
import hashlib
import json
from typing import Any

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db.models import Field, Q, QuerySet
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.throttling import BaseThrottle
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from common import clock
from common.errors import DomainError, InvalidRequest, PreconditionFailed, request_id
from common.idempotency import answer_once
from common.input import LengthRequired

PAGE_SIZE = 50
PAGE_SIZE_MAX = 200


class InvalidCursor(DomainError):
    """The cursor was not made by this list."""

    code = "invalid_cursor"
    status = 400
    title = _("This cursor does not belong to this list.")


class CallerLimit(BaseThrottle):
    """At most `view.calls_per_minute` requests of one caller in each clock minute; None means no limit.

    Counted in Django's cache. The answer carries RateLimit and RateLimit-Policy (the IETF draft on rate limit
    headers) and, above the limit, 429 with Retry-After.
    """

    seconds_left = 60

    def allow_request(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 -- DRF's signature
        assert isinstance(view, ApiView), "limits are for the views of the two surfaces"
        if view.calls_per_minute is None:
            return True
        minute, second = divmod(int(clock.now().timestamp()), 60)
        self.seconds_left = 60 - second
        key = f"calls:{view.limit_name}:{view.caller_or_address()}:{minute}"
        cache.add(key, 0, timeout=120)
        try:
            used = cache.incr(key)
        except ValueError:
            # A full cache may forget the count between the two: the caller is counted anew, not turned away.
            cache.set(key, 1, timeout=120)
            used = 1
        left = max(0, view.calls_per_minute - used)
        view.answer_headers["RateLimit-Policy"] = f'"{view.limit_name}";q={view.calls_per_minute};w=60'
        view.answer_headers["RateLimit"] = f'"{view.limit_name}";r={left};t={self.seconds_left}'
        return used <= view.calls_per_minute

    def wait(self) -> float:
        """Seconds until the caller may come again."""
        return float(self.seconds_left)


class ApiView(APIView):
    """A door of one of the two REST surfaces. `units` and `members` add who is calling.

    - `idempotent = True`: POST needs an Idempotency-Key and runs in one transaction with its stored answer.
    - `batch = True`: bodies up to 2 MB instead of 256 KB.
    - `calls_per_minute`, `limit_name`: the limit of one caller; views of one name share it.
    - `caller()`: the one whose keys and limits these are; override where `request.user` does not say it.
    """

    idempotent = False
    batch = False
    calls_per_minute: int | None = None
    limit_name = "default"
    throttle_classes = (CallerLimit,)

    def setup(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.answer_headers: dict[str, str] = {}

    def caller(self) -> str:
        """A stable text for whoever signed this request, such as `Member:0192…`."""
        user = self.request.user
        assert user is not None, "this route needs a caller: it keeps keys"
        return f"{type(user).__name__}:{user.pk}"

    def caller_or_address(self) -> str:
        """The caller, or the address where nobody signed in."""
        return (
            self.caller() if self.request.user is not None else str(self.request.META.get("REMOTE_ADDR", ""))
        )

    def read(self, serializer_class: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """The body as `serializer_class` describes it.

        :raises serializers.ValidationError: it does not fit; every field at fault is named
        """
        serializer = serializer_class(data=self.request.data, context={"request": self.request, "view": self})
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def check_etag(self, etag: str) -> None:
        """Let a change pass only if the caller saw the present state; without If-Match it may overwrite.

        :raises PreconditionFailed: If-Match names another state
        """
        expected = self.request.headers.get("If-Match")
        if expected is None or expected.strip() == "*":
            return
        if etag not in (tag.strip() for tag in expected.split(",")):
            raise PreconditionFailed

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what no route can use, then who and how often; then make a POST answer once per key."""
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise InvalidRequest(str(_("The address holds a NUL.")))
        if request.META.get("HTTP_TRANSFER_ENCODING") and not request.META.get("CONTENT_LENGTH"):
            raise LengthRequired
        super().initial(request, *args, **kwargs)
        if self.idempotent and request.method == "POST":
            # The instance's attribute hides the class's method: dispatch() then calls this one.
            vars(self)["post"] = functools.partial(self._post_once, getattr(self, "post"))  # noqa: B009 -- views declare it

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        """Add what every answer carries."""
        answer: Response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in self.answer_headers.items():
            answer[name] = value
        answer["X-Request-ID"] = request_id(getattr(request, "_request", request))
        answer.setdefault("Cache-Control", "no-store")
        return answer

    def _post_once(self, post: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return answer_once(
            request,
            caller=self.caller(),
            at=clock.now(),
            handler=lambda: post(request, *args, **kwargs),
        )


def etag_of(*state: object) -> str:
    """A strong ETag of `state`, such as an id and its version or last change."""
    digest = hashlib.sha256("\x1f".join(map(str, state)).encode()).hexdigest()
    return f'"{digest[:32]}"'


class CursorPages(BasePagination):
    """Pages of a list by key: `?cursor=…&page_size=…` → `{next, previous, results}`.

    The view's `ordering` is a tuple of fields ending in a unique one, e.g. `("-posted_at", "-id")`. A cursor
    holds the last row's values, so rows inserted meanwhile neither repeat nor hide others, and a page costs
    the same however far down it is. The ordering fields must not be null.
    """

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        """The rows of the page that `request` asks for.

        :raises InvalidCursor: the cursor was not made by this list
        :raises InvalidRequest: a page size outside 1…200
        """
        self.request = request
        self.ordering: tuple[str, ...] = tuple(getattr(view, "ordering", ("pk",)))
        size = self._page_size(request)
        backwards, values = self._decode(request.query_params.get("cursor"), queryset)
        if values is not None:
            queryset = queryset.filter(_beyond(self.ordering, values, backwards=backwards))
        rows = list(queryset.order_by(*(_turned(self.ordering) if backwards else self.ordering))[: size + 1])
        more, rows = len(rows) > size, rows[:size]
        if backwards:
            rows.reverse()
        self.has_next = bool(rows) if backwards else more
        self.has_previous = more if backwards else values is not None and bool(rows)
        self.rows = rows
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "next": self._link(self.rows[-1], backwards=False) if self.has_next else None,
                "previous": self._link(self.rows[0], backwards=True) if self.has_previous else None,
                "results": data,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        # With an example of their own, drf-spectacular wraps a row's example into a page.
        link = {"type": ["string", "null"], "format": "uri", "example": None}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(
        self,
        view: APIView,  # noqa: ARG002 -- drf-spectacular's signature
    ) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": PAGE_SIZE_MAX, "default": PAGE_SIZE}
        return [
            {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}},
            {"name": "page_size", "in": "query", "required": False, "schema": size},
        ]

    def _page_size(self, request: Request) -> int:
        asked = request.query_params.get("page_size", str(PAGE_SIZE))
        if not (asked.isascii() and asked.isdigit() and len(asked) <= 3 and 1 <= int(asked) <= PAGE_SIZE_MAX):
            raise InvalidRequest(
                str(_("A page holds 1 to %(max)s rows.") % {"max": PAGE_SIZE_MAX}), field="page_size"
            )
        return int(asked)

    def _link(self, row: Any, *, backwards: bool) -> str:
        values = [_written(_value(row, name.lstrip("-"))) for name in self.ordering]
        told = json.dumps({"b": backwards, "v": values}, separators=(",", ":")).encode()
        cursor = base64.urlsafe_b64encode(told).decode().rstrip("=")
        return str(replace_query_param(self.request.build_absolute_uri(), "cursor", cursor))

    def _decode(self, cursor: str | None, queryset: QuerySet[Any]) -> tuple[bool, list[Any] | None]:
        if not cursor:
            return False, None
        try:
            told = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            backwards, written = told["b"], told["v"]
            if not isinstance(backwards, bool) or len(written) != len(self.ordering):
                raise InvalidCursor
            names = [name.lstrip("-") for name in self.ordering]
            values = [_read(queryset, name, text) for name, text in zip(names, written, strict=True)]
        except (binascii.Error, ValueError, KeyError, TypeError, RecursionError, ValidationError) as error:
            raise InvalidCursor from error
        return backwards, values


def _turned(ordering: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name[1:] if name.startswith("-") else f"-{name}" for name in ordering)


def _beyond(ordering: tuple[str, ...], values: list[Any], *, backwards: bool) -> Q:
    """Rows after `values` in `ordering` (before, if backwards): (a, b) > (x, y), for mixed directions too."""
    beyond = Q()
    equal: dict[str, Any] = {}
    for name, value in zip(ordering, values, strict=True):
        field = name.lstrip("-")
        side = "lt" if name.startswith("-") != backwards else "gt"
        beyond |= Q(**equal, **{f"{field}__{side}": value})
        equal[field] = value
    # Says nothing new, but lets the index on the first field bound the scan.
    first = ordering[0].lstrip("-")
    side = "lte" if ordering[0].startswith("-") != backwards else "gte"
    return Q(**{f"{first}__{side}": values[0]}) & beyond


def _value(row: Any, name: str) -> Any:
    return functools.reduce(getattr, name.split("__"), row)


def _written(value: Any) -> Any:
    assert value is not None, "a list is ordered by fields that are never null"
    return (
        value if isinstance(value, int) else value.isoformat() if hasattr(value, "isoformat") else str(value)
    )


def _read(queryset: QuerySet[Any], name: str, written: Any) -> Any:
    """The value of an ordering field as its column takes it."""
    if not isinstance(written, str | int) or isinstance(written, bool) or "\x00" in str(written):
        raise InvalidCursor
    value = _column(queryset, name).to_python(written)
    if value is None or (isinstance(value, int) and abs(value) >= 2**63):
        raise InvalidCursor
    return value


def _column(queryset: QuerySet[Any], name: str) -> "Field[Any, Any]":
    annotation = queryset.query.annotations.get(name)
    if annotation is not None:
        return annotation.output_field
    model: Any = queryset.model
    *path, last = name.split("__")
    for step in path:
        model = model._meta.get_field(step).related_model  # noqa: SLF001 -- Django's documented model API
    meta = model._meta  # noqa: SLF001 -- Django's documented model API
    column: Field[Any, Any] = meta.pk if last == "pk" else meta.get_field(last)
    return column
