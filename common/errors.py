"""How the system says no: refusals with a stable code, told as RFC 9457 problem details.

A refusal is a `DomainError` named by the fact. Everything else a request can meet (a body that does not fit,
a row that is not there, a constraint, a database that is away, a bug) becomes a problem here, and only here.
"""

import logging
import math
import re
import uuid
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import psycopg2
from django.core import exceptions as django_errors
from django.core.signals import got_request_exception
from django.db import utils as db_errors
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from rest_framework import exceptions as drf_errors
from rest_framework.response import Response
from rest_framework.settings import api_settings

logger = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
API_PREFIXES = ("/api/", "/partner/")
_RESERVED = {"type", "title", "status", "detail", "instance", "code", "errors", "request_id"}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)

# SQLSTATEs that mean "not now": the same request may succeed in a moment.
TRY_AGAIN = {
    "40001": 1, "40P01": 1,  # serialization failure, deadlock: retried in vain
    "55P03": 1, "57014": 2, "25P03": 2,  # lock, statement and idle-in-transaction time limits
    "53100": 30, "53200": 10, "53300": 2,  # disk full, out of memory, too many connections
    "57P01": 5, "57P02": 5, "57P03": 5, "25006": 5,  # shutdown, crash, start-up, a standby after failover
}  # fmt: skip


class DomainError(Exception):
    """A refusal. Subclasses set `code`, `status` and `title`; the raiser adds words and the numbers needed.

    `facts` are JSON-able and become members of the problem: `InsufficientPoints(needed=500, spendable=320)`.
    """

    code = "conflict"
    status = 409
    title = _("This contradicts what is recorded.")
    retry_after: int | None = None  # seconds after which the same request may succeed

    def __init__(self, message: str | None = None, **facts: Any) -> None:
        assert not _RESERVED & facts.keys(), f"{_RESERVED & facts.keys()} are members of every problem"
        super().__init__(message or str(self.title))
        self.message = message
        self.facts = facts

    def __str__(self) -> str:
        return str(self.message or self.title)


class InvalidRequest(DomainError):
    """The request does not fit its schema or its rules; `field` is a dotted path such as `items.2.points`."""

    code = "invalid_request"
    status = 400
    title = _("The request is not valid.")

    def __init__(self, message: str | None = None, *, field: str | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.field = field


class NotFound(DomainError):
    """No such thing, or not yours: the two look alike."""

    code = "not_found"
    status = 404
    title = _("There is no such thing here.")


class Forbidden(DomainError):
    """Known, but not allowed to do this."""

    code = "forbidden"
    status = 403
    title = _("You may not do this.")


class PreconditionFailed(DomainError):
    """The thing changed since it was read (If-Match)."""

    code = "precondition_failed"
    status = 412
    title = _("It has changed since you read it.")


class Unavailable(DomainError):
    """Not now: ask again after `retry_after` seconds."""

    code = "unavailable"
    status = 503
    title = _("This is not available at the moment.")

    def __init__(self, message: str | None = None, *, retry_after: int = 2, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after


_DRF_CODES = {
    400: "invalid_request", 401: "not_authenticated", 403: "forbidden", 404: "not_found",
    405: "method_not_allowed", 406: "not_acceptable", 415: "unsupported_media_type", 429: "too_many_requests",
}  # fmt: skip
_DJANGO_DATABASE_ERRORS = (db_errors.DatabaseError, db_errors.InterfaceError)
_DRIVER_DATABASE_ERRORS = (psycopg2.DatabaseError, psycopg2.InterfaceError)
_SERVER_AWAY = (
    db_errors.OperationalError,
    db_errors.InterfaceError,
    psycopg2.OperationalError,
    psycopg2.InterfaceError,
)


def problem_response(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Tell `exc` as a problem document. DRF's exception handler for both surfaces.

    A bug answers 500 without a word of its inside; its traceback is logged under the request id.
    """
    request = context.get("request")
    http_request: HttpRequest | None = getattr(request, "_request", request)
    body, headers = _problem_of(exc)
    if body["status"] == HTTPStatus.INTERNAL_SERVER_ERROR:
        body["request_id"] = request_id(http_request)
        logger.error("bug in request %s", body["request_id"], exc_info=exc)
        got_request_exception.send(sender=None, request=http_request)
    if http_request is not None:
        body["instance"] = iri_to_uri(http_request.path)
    response = Response(body, status=body["status"], headers=headers, content_type=PROBLEM_JSON)
    response["Cache-Control"] = "no-store"
    return response


def request_id(request: HttpRequest | None) -> str:
    """The id that this request's logs and answer share: the caller's X-Request-ID if tame, else a new one."""
    if request is None:
        return str(uuid.uuid4())
    known: str | None = getattr(request, "loyalty_request_id", None)
    if known is None:
        offered = request.headers.get("X-Request-ID", "")
        known = offered if _REQUEST_ID.fullmatch(offered) else str(uuid.uuid4())
        request.loyalty_request_id = known  # type: ignore[attr-defined]  # our own mark on Django's request
    return known


def sqlstate(exc: BaseException) -> str | None:
    """The SQLSTATE behind a database error, Django's or the driver's own."""
    for error in (exc, exc.__cause__):
        code = getattr(error, "pgcode", None)
        if code:
            return str(code)
    return None


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400."""
    return _page(request, exception, drf_errors.ParseError()) or defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    return _page(request, exception, Forbidden()) or defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    return _page(request, exception, NotFound()) or defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: Django has logged the traceback already."""
    if not request.path.startswith(API_PREFIXES):
        return defaults.server_error(request)
    body = _body(500, "internal_error", gettext("Something went wrong on our side."))
    body["request_id"] = request_id(request)
    return JsonResponse(body, status=500, content_type=PROBLEM_JSON)


def _page(request: HttpRequest, exception: Exception, fallback: Exception) -> HttpResponse | None:
    if not request.path.startswith(API_PREFIXES):
        return None
    body, headers = _problem_of(exception)
    if body["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
        body, headers = _problem_of(fallback)
    return JsonResponse(body, status=body["status"], headers=headers, content_type=PROBLEM_JSON)


def _problem_of(  # noqa: PLR0911 -- one line for each family of exceptions
    exc: Exception,
) -> tuple[dict[str, Any], dict[str, str]]:
    """The document and the headers that `exc` deserves."""
    if isinstance(exc, DomainError):
        return _of_refusal(exc)
    if isinstance(exc, drf_errors.APIException):
        return _of_drf(exc)
    if isinstance(exc, _DJANGO_DATABASE_ERRORS + _DRIVER_DATABASE_ERRORS):
        return _of_database(exc)
    if isinstance(exc, Http404):
        return _of_refusal(NotFound())
    if isinstance(exc, django_errors.PermissionDenied):
        return _of_refusal(Forbidden())
    if isinstance(exc, django_errors.ValidationError):
        return _of_drf(drf_errors.ValidationError(_detail_of_django(exc)))
    if isinstance(exc, django_errors.RequestDataTooBig | django_errors.TooManyFieldsSent):
        return _body(413, "body_too_large", gettext("The request is too large.")), {}
    if isinstance(exc, django_errors.SuspiciousOperation | django_errors.BadRequest | UnreadablePostError):
        return _of_refusal(InvalidRequest())
    return _body(500, "internal_error", gettext("Something went wrong on our side.")), {}


def _of_refusal(exc: DomainError) -> tuple[dict[str, Any], dict[str, str]]:
    body = _body(exc.status, exc.code, str(exc.title), detail=str(exc.message) if exc.message else None)
    body |= exc.facts
    if isinstance(exc, InvalidRequest) and exc.field:
        body["errors"] = [{"field": exc.field, "code": exc.code, "detail": str(exc)}]
    headers = {} if exc.retry_after is None else {"Retry-After": str(exc.retry_after)}
    return body, headers


def _of_drf(exc: drf_errors.APIException) -> tuple[dict[str, Any], dict[str, str]]:
    headers: dict[str, str] = {}
    if getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = exc.auth_header  # type: ignore[attr-defined]  # APIView sets it
    wait = getattr(exc, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(max(1, math.ceil(wait)))
    code = _DRF_CODES.get(exc.status_code, "refused")
    if isinstance(exc, drf_errors.ValidationError):
        body = _body(exc.status_code, code, str(InvalidRequest.title))
        body["errors"] = list(_field_errors(exc.detail))
        return body, headers
    named = exc.get_codes()
    if isinstance(named, str) and exc.status_code in (400, 401, 403) and named != exc.default_code:
        code = named
    title = str(exc.default_detail)
    # "Method {method} not allowed.": only the detail has it filled in.
    return _body(
        exc.status_code, code, str(exc.detail) if "{" in title else title, detail=str(exc.detail)
    ), headers


def _of_database(exc: Exception) -> tuple[dict[str, Any], dict[str, str]]:
    """A value or a constraint is the client's mistake; a limit or a lost server is 503; the rest is a bug."""
    code = sqlstate(exc)
    # Class 54, "program limit exceeded": a value too long for an index. The driver calls it operational.
    if code is not None and code.startswith("54"):
        logger.warning("value too large for the database: SQLSTATE %s", code)
        return _of_refusal(InvalidRequest())
    if code in TRY_AGAIN or isinstance(exc, _SERVER_AWAY):
        logger.warning("database not available: SQLSTATE %s, %s", code, type(exc).__name__)
        return _of_refusal(Unavailable(retry_after=TRY_AGAIN.get(code or "", 5)))
    # The server's words may quote personal data (Key (phone)=…): only the constraint's name is logged.
    if isinstance(exc, db_errors.IntegrityError | psycopg2.IntegrityError):
        diagnostics = getattr(exc.__cause__ or exc, "diag", None)
        logger.warning("refused by constraint %s (%s)", getattr(diagnostics, "constraint_name", None), code)
        return _of_refusal(DomainError())
    if isinstance(exc, db_errors.DataError | psycopg2.DataError):
        logger.warning("value refused by the database: SQLSTATE %s", code)
        return _of_refusal(InvalidRequest())
    return _body(500, "internal_error", gettext("Something went wrong on our side.")), {}


def _body(status: int, code: str, title: str, *, detail: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"type": f"/problems/{code}", "title": title, "status": status, "code": code}
    if detail and detail != title:
        body["detail"] = detail
    return body


def _detail_of_django(exc: django_errors.ValidationError) -> Any:
    if hasattr(exc, "error_dict"):
        return {
            name: [words for part in parts for words in _detail_of_django(part)]
            for name, parts in exc.error_dict.items()
        }
    return [drf_errors.ErrorDetail(words, code=exc.code or "invalid") for words in exc.messages]


def _field_errors(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Flatten DRF's nested detail into field, code and words; the whole request has the field ''."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            own = "" if name in (api_settings.NON_FIELD_ERRORS_KEY, "__all__") else str(name)
            yield from _field_errors(inner, ".".join(filter(None, (path, own))))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            yield from _field_errors(inner, ".".join(filter(None, (path, str(index)))) if nested else path)
    else:
        yield {"field": path, "code": getattr(detail, "code", None) or "invalid", "detail": str(detail)}
