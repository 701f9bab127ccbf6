"""Every route of the partner surface, /partner/v1/…, on one page: a line a route."""

from django.urls import URLPattern, path

from activities.api import partner as activities
from activities.api import partner_batch, partner_refunds, simulation
from benefits.api import partner_orders as orders
from benefits.api import partner_rights as rights
from benefits.api import partner_vouchers as vouchers
from members.api import counter, residencies
from parking.api import partner as parking
from points.api import partner as points
from points.api import partner_explaining as explaining
from points.api import partner_members
from points.api import partner_redemptions as redemptions

urlpatterns: list[URLPattern] = [
    path("members", counter.CounterMembers.as_view()),
    path("members/resolve", partner_members.MemberResolve.as_view()),
    path("residencies", residencies.Residencies.as_view()),
    path("residencies/<uuid:id>", residencies.ResidencyDetail.as_view()),
    path("activities", activities.Activities.as_view()),
    path("activities/simulate", simulation.ActivitySimulation.as_view()),
    path("activities/batch", partner_batch.ActivityBatch.as_view()),
    path("activities/<path:ref>/refund", partner_refunds.ActivityRefund.as_view()),
    path("daily-totals", activities.DailyTotals.as_view()),
    path("entitlements/verify", rights.EntitlementsVerify.as_view()),
    path("entitlements/<uuid:id>/use", rights.EntitlementUse.as_view()),
    path("entitlements/<uuid:id>/reverse", rights.EntitlementReverse.as_view()),
    path("redemption-quotes", points.RedemptionQuotes.as_view()),
    path("redemptions", points.Redemptions.as_view()),
    path("redemptions/<uuid:id>", redemptions.RedemptionDetail.as_view()),
    path("redemptions/<uuid:id>/explanation", explaining.RedemptionExplained.as_view()),
    path("redemptions/<uuid:id>/capture", redemptions.RedemptionCapture.as_view()),
    path("redemptions/<uuid:id>/void", redemptions.RedemptionVoid.as_view()),
    path("redemptions/<uuid:id>/reverse", redemptions.RedemptionReverse.as_view()),
    path("vouchers/verify", vouchers.VoucherVerify.as_view()),
    path("vouchers/offline-lists", orders.OfflineLists.as_view()),
    path("vouchers/offline-lists/<uuid:id>/uses", orders.OfflineUses.as_view()),
    path("vouchers/<uuid:id>/use", vouchers.VoucherUsing.as_view()),
    path("vouchers/<uuid:id>/lock", vouchers.VoucherLock.as_view()),
    path("vouchers/<uuid:id>/release", vouchers.VoucherRelease.as_view()),
    path("vouchers/<uuid:id>/reverse", vouchers.VoucherReverse.as_view()),
    path("reward-orders/<uuid:id>", orders.RewardOrderDetail.as_view()),
    path("reward-orders/<uuid:id>/fulfil", orders.RewardOrderFulfil.as_view()),
    path("parking/entries", parking.ParkingEntries.as_view()),
    path("parking/exits", parking.ParkingExits.as_view()),
    path("parking/sessions/<uuid:id>", parking.ParkingSessionDetail.as_view()),
    path("parking/payments/<str:provider>/notices", parking.PaymentNotices.as_view()),
]
