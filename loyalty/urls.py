"""Every address of the site: health, operators' admin, the two REST surfaces and their contracts."""

from django.contrib import admin
from django.urls import include, path

from benefits.api.pictures import picture
from loyalty import health, problems, views
from loyalty.contracts import contract_routes

handler400 = "common.errors.bad_request"
handler403 = "common.errors.permission_denied"
handler404 = "common.errors.page_not_found"
handler500 = "common.errors.server_error"

_MEMBER = contract_routes(
    surface="api",
    routes="loyalty.api_member",
    name="member",
    title="Unified membership: members",
    words="For the member's page, mini-program and app.",
)
_PARTNER = contract_routes(
    surface="partner",
    routes="loyalty.api_partner",
    name="partner",
    title="Unified membership: partner systems",
    words="For tills, hotel systems, parking gates and fee systems.",
)

urlpatterns = [
    path("", views.landing, name="home"),
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("problems/", problems.problem_list),
    path("problems/<slug:code>", problems.problem),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("loyalty.api_member")),
    path("api/", include(_MEMBER)),
    path("partner/v1/", include("loyalty.api_partner")),
    path("partner/", include(_PARTNER)),
    path("pictures/<str:sha256>.webp", picture),
]
