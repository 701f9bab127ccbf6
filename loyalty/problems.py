"""What each `type` of a problem document points at: its code, its status and what it means."""

import inspect
from collections.abc import Iterator

from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from common.errors import DomainError


@require_safe
def problem_list(_request: HttpRequest) -> JsonResponse:
    """Every refusal this system knows, by code."""
    known = {refusal.code: _told(refusal) for refusal in _refusals(DomainError)}
    return JsonResponse({"problems": [known[code] for code in sorted(known)]})


@require_safe
def problem(_request: HttpRequest, code: str) -> JsonResponse:
    """One refusal by its code."""
    for refusal in _refusals(DomainError):
        if refusal.code == code:
            return JsonResponse(_told(refusal))
    raise Http404


def _refusals(base: type[DomainError]) -> Iterator[type[DomainError]]:
    yield base
    for refusal in base.__subclasses__():
        yield from _refusals(refusal)


def _told(refusal: type[DomainError]) -> dict[str, str | int]:
    return {
        "type": f"/problems/{refusal.code}",
        "code": refusal.code,
        "status": refusal.status,
        "title": str(refusal.title),
        "meaning": inspect.getdoc(refusal) or "",
    }
