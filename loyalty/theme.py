"""The admin's look and its sidebar, as data for unfold. Nothing is loaded from a foreign host."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as text
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Screen:
    """A line of the sidebar: the list of a model, for those who may look at it; or the page at `address`."""

    model: str
    title: Any
    icon: str
    address: str = ""


SIDEBAR: tuple[tuple[Any, tuple[Screen, ...]], ...] = (
    (
        _("Members"),
        (
            Screen("members.member", _("Members"), "person"),
            Screen("members.enrolment", _("Enrolments"), "badge"),
            Screen("members.household", _("Households"), "family_restroom"),
            Screen("members.residency", _("Residencies"), "home_work"),
            Screen("members.corporateaccount", _("Corporate accounts"), "corporate_fare"),
            Screen("members.matchcandidate", _("Match candidates"), "compare_arrows"),
            Screen("members.membermerge", _("Merges"), "call_merge"),
            Screen("members.consenttext", _("Texts of consent"), "privacy_tip"),
            Screen("members.dataaccess", _("Looks at personal data"), "visibility"),
            Screen("members.erasure", _("Erasures"), "person_off"),
            Screen("activities.activity", _("Activities"), "shopping_bag"),
            Screen("activities.waitingrefund", _("Waiting refunds"), "pending_actions"),
        ),
    ),
    (
        _("Points"),
        (
            Screen("points.program", _("Points programs"), "loyalty"),
            Screen("points.exchangerate", _("Exchange rates"), "currency_exchange"),
            Screen("points.rateproposal", _("Rate proposals"), "approval"),
            Screen("activities.earnrule", _("Earn rules"), "rule"),
            Screen("activities.earnruleproposal", _("Earn rule proposals"), "approval"),
            Screen(
                "activities.activity",
                _("Try an activity"),
                "calculate",
                address="admin:activities_simulation",
            ),
        ),
    ),
    (
        _("Benefits"),
        (
            Screen("benefits.benefit", _("Benefits"), "redeem"),
            Screen("benefits.benefitversion", _("Versions of benefits"), "history_edu"),
            Screen("benefits.benefitkind", _("Kinds of benefits"), "category"),
            Screen("benefits.entitlementrule", _("Entitlement rules"), "rule_settings"),
            Screen("benefits.factset", _("Segments"), "groups"),
            Screen("benefits.grantrequest", _("Grants by hand"), "volunteer_activism"),
            Screen("benefits.entitlementgrant", _("Entitlement grants"), "card_giftcard"),
            Screen(
                "benefits.entitlemententry", _("At the counter"), "point_of_sale", "admin:benefits_counter"
            ),
            Screen("benefits.entitlemententry", _("Usages of entitlements"), "fact_check"),
            Screen("benefits.grantlimit", _("Limits for grants by hand"), "speed"),
        ),
    ),
    (
        _("Rewards and vouchers"),
        (
            Screen("benefits.reward", _("Rewards"), "redeem"),
            Screen("benefits.rewardorder", _("Reward orders"), "orders"),
            Screen("benefits.stock", _("Stock"), "inventory"),
            Screen("benefits.voucherbatch", _("Voucher batches"), "confirmation_number"),
            Screen("benefits.voucher", _("Vouchers"), "local_activity"),
            Screen("benefits.voucherexport", _("Exports of codes"), "download"),
            Screen("benefits.offlineuse", _("Uses told later"), "wifi_off"),
        ),
    ),
    (
        _("Tiers"),
        (
            Screen("members.tier", _("Tiers"), "military_tech"),
            Screen("activities.tierscheme", _("Tier schemes"), "stairs"),
            Screen("activities.tiergrant", _("Tiers given by hand"), "front_hand"),
            Screen("activities.tiercredit", _("Tier credits"), "stars"),
            Screen("members.tierchange", _("Tier changes"), "swap_vert"),
        ),
    ),
    (
        _("Ledger"),
        (
            Screen("points.posting", _("Postings"), "receipt_long"),
            Screen("points.entry", _("Entries"), "swap_horiz"),
            Screen("points.lot", _("Lots"), "inventory_2"),
            Screen("points.draw", _("Draws"), "call_split"),
            Screen("points.hold", _("Holds"), "lock_clock"),
            Screen("points.wallet", _("Wallets"), "account_balance_wallet"),
            Screen("points.seal", _("Seals"), "verified"),
            Screen("points.lot", _("Points liability"), "savings", address="admin:points_liability"),
            Screen("points.adjustmentrequest", _("Adjustments"), "exposure"),
            Screen("points.adjustmentlimit", _("Adjustment limits"), "speed"),
        ),
    ),
    (
        _("Parking"),
        (
            Screen("parking.parkingsession", _("Parking sessions"), "local_parking"),
            Screen("parking.parkingorder", _("Parking orders"), "receipt"),
            Screen("parking.payment", _("Payments"), "payments"),
            Screen("parking.carpark", _("Car parks"), "garage"),
            Screen("parking.tariff", _("Tariffs"), "price_change"),
            Screen("parking.reliefterms", _("Relief terms"), "sell"),
            Screen("parking.parkingpass", _("Parking passes"), "confirmation_number"),
            Screen("parking.vehicle", _("Vehicles"), "directions_car"),
        ),
    ),
    (
        _("Business units"),
        (
            Screen("units.businessunit", _("Business units"), "apartment"),
            Screen("units.venue", _("Venues"), "location_on"),
            Screen("units.outlet", _("Outlets"), "storefront"),
            Screen("units.partnerkey", _("Partner keys"), "key"),
            Screen("activities.dailytotal", _("Daily totals"), "calendar_month"),
            Screen("activities.claimterms", _("Terms of claims"), "receipt"),
        ),
    ),
    (
        _("Operations"),
        (
            Screen("common.importupload", _("Import a list"), "upload_file"),
            Screen("common.importrun", _("Import runs"), "history"),
            Screen("common.jobrun", _("Job runs"), "task_alt"),
            Screen("django_celery_beat.periodictask", _("Schedule"), "schedule"),
            Screen("auth.user", _("Operators"), "manage_accounts"),
            Screen("auth.group", _("Groups of operators"), "group"),
        ),
    ),
)


def sidebar(_request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar as unfold reads it."""
    overview = {"title": text("Overview"), "icon": "dashboard", "link": reverse("admin:index")}
    groups = [
        {"title": title, "separator": True, "items": [_line(screen) for screen in screens]}
        for title, screens in SIDEBAR
    ]
    return [{"items": [overview]}, *groups]


def environment(_request: HttpRequest) -> list[Any] | None:
    """A badge where this is not production, so that nobody mistakes one for the other."""
    names = {"development": text("Development"), "test": text("Test")}
    return [names[settings.LOYALTY_ENV], "warning"] if settings.LOYALTY_ENV in names else None


def _line(screen: Screen) -> dict[str, Any]:
    app, model = screen.model.split(".")
    return {
        "title": screen.title,
        "icon": screen.icon,
        "link": reverse(screen.address or f"admin:{app}_{model}_changelist"),
        "permission": lambda request: request.user.has_perm(f"{app}.view_{model}"),
    }


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Unified membership"),
    "SITE_HEADER": _("Unified membership"),
    "SITE_SUBHEADER": _("Operators' admin"),
    "SITE_SYMBOL": "loyalty",
    "SITE_URL": "/",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("loyalty/icon.svg")},
    ],
    "SHOW_LANGUAGES": True,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "ENVIRONMENT": "loyalty.theme.environment",
    "DASHBOARD_CALLBACK": "loyalty.admin.dashboard.add_figures",
    "STYLES": [lambda _request: static("loyalty/site.css")],
    "SIDEBAR": {"show_search": True, "navigation": "loyalty.theme.sidebar"},
    # Tailwind's teal, one step darker: white text on 600 reads at 5.5 to 1.
    "COLORS": {
        "primary": {
            "50": "oklch(98.4% .014 180.72)",
            "100": "oklch(95.3% .051 180.801)",
            "200": "oklch(91% .096 180.426)",
            "300": "oklch(85.5% .138 181.071)",
            "400": "oklch(70.4% .14 182.503)",
            "500": "oklch(60% .118 184.704)",
            "600": "oklch(51.1% .096 186.391)",
            "700": "oklch(43.7% .078 188.216)",
            "800": "oklch(38.6% .063 188.416)",
            "900": "oklch(33% .055 190)",
            "950": "oklch(27.7% .046 192.524)",
        },
    },
}
