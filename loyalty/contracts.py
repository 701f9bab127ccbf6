"""The contracts of both surfaces: one OpenAPI 3.1 document each, and two readers that need no network."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView


class _Document(SpectacularAPIView):
    # JSON first: it is YAML too, and what most tools ask for.
    renderer_classes = [OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer, OpenApiYamlRenderer2]


def contract_routes(*, surface: str, routes: str, name: str, title: str, words: str) -> list[URLPattern]:
    """`schema/`, `docs/` (Swagger UI) and `redoc/` for the routes of module `routes`, under `surface`."""
    patterns: list[URLPattern | URLResolver] = [path(f"{surface}/v1/", include(routes))]
    document = _Document.as_view(patterns=patterns, custom_settings={"TITLE": title, "DESCRIPTION": words})
    return [
        path("schema/", document, name=f"{name}-schema"),
        path("docs/", SpectacularSwaggerView.as_view(url_name=f"{name}-schema"), name=f"{name}-docs"),
        path("redoc/", SpectacularRedocView.as_view(url_name=f"{name}-schema"), name=f"{name}-redoc"),
    ]
