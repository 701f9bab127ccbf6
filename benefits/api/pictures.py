"""The public door to pictures: by their digest, the same bytes for ever."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from benefits.models import RewardPicture


@require_safe
def picture(_request: HttpRequest, sha256: str) -> HttpResponse:
    """A WebP that was drawn by us. It may be kept for a year, and is nothing but a picture to a browser."""
    found = RewardPicture.objects.filter(sha256=sha256).values_list("content", flat=True).first()
    if found is None:
        raise Http404
    return HttpResponse(
        bytes(found),
        content_type="image/webp",
        headers={
            "Cache-Control": "public, max-age=31536000, immutable",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
        },
    )
