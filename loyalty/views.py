"""The landing page: what this installation is and the doors that lead in."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """For people who open the site's address. Touches no database, so it answers when little else does."""
    return render(request, "loyalty/landing.html", {"is_production": settings.PRODUCTION})
