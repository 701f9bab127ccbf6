"""Every route of the member surface, /api/v1/…, on one page: a line a route."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
