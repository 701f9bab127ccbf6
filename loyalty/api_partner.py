"""Every route of the partner surface, /partner/v1/…, on one page: a line a route."""

from django.urls import URLPattern, path

from points.api import partner as points

urlpatterns: list[URLPattern] = [
    path("redemption-quotes", points.RedemptionQuotes.as_view()),
    path("redemptions", points.Redemptions.as_view()),
    path("redemptions/<uuid:id>", points.RedemptionDetail.as_view()),
]
