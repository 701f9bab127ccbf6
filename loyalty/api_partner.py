"""Every route of the partner surface, /partner/v1/…, on one page: a line a route."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
