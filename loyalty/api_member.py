"""Every route of the member surface, /api/v1/…, on one page: a line a route."""

from django.urls import URLPattern, path

from activities.api import member as activities
from activities.api import member_tier as tiers
from activities.api import simulation
from benefits.api import member_rewards as rewards
from benefits.api import member_rights as rights
from loyalty import member_privacy
from members.api import codes, household, identities, privacy, residencies
from members.api import member as members
from parking.api import member as parking
from points.api import member as points
from points.api import member_exchange as exchange
from points.api import member_explaining as explaining
from points.api import member_transfers as transfers

urlpatterns: list[URLPattern] = [
    path("me", member_privacy.Me.as_view()),
    path("me/card", codes.MyCard.as_view()),
    path("me/entitlements", rights.MyEntitlements.as_view()),
    path("me/entitlements/<uuid:id>/code", rights.EntitlementCode.as_view()),
    path("me/enrolments", members.MyEnrolments.as_view()),
    path("me/residencies", residencies.MyResidencies.as_view()),
    path("me/identities", identities.MyIdentities.as_view()),
    path("me/identities/<uuid:identity>", identities.MyIdentity.as_view()),
    path("me/identities/<uuid:identity>/prove", identities.ProveIdentity.as_view()),
    path("me/tier", tiers.MyTier.as_view()),
    path("me/consents", privacy.MyConsents.as_view()),
    path("me/access-log", privacy.MyAccessLog.as_view()),
    path("me/data-export", member_privacy.MyDataExports.as_view()),
    path("me/data-export/<uuid:export>", member_privacy.MyDataExport.as_view()),
    path("me/data-export/<uuid:export>/page", member_privacy.MyDataExportPage.as_view()),
    path("me/erasure-codes", member_privacy.MyErasureCodes.as_view()),
    path("me/wallets", points.MyWallets.as_view()),
    path("me/wallets/<str:program>/lots", points.MyLots.as_view()),
    path("me/wallets/<str:program>/lots/<uuid:id>", explaining.MyLotExplained.as_view()),
    path("me/wallets/<str:program>/explanation", explaining.MyWalletExplained.as_view()),
    path("me/postings", points.MyPostings.as_view()),
    path("me/postings/<uuid:id>", explaining.MyPostingExplained.as_view()),
    path("me/activities", activities.MyActivities.as_view()),
    path("me/activities/simulate", simulation.MyActivitySimulation.as_view()),
    path("me/activities/<uuid:id>/rules", simulation.MyActivityRules.as_view()),
    path("me/activities/claims", activities.ActivityClaims.as_view()),
    path("exchange-rates", points.ExchangeRates.as_view()),
    path("me/exchange-quotes", exchange.ExchangeQuotes.as_view()),
    path("me/exchanges", exchange.Exchanges.as_view()),
    path("me/household", household.MyHousehold.as_view()),
    path("me/household/invitations", household.HouseholdInvitations.as_view()),
    path("me/household/invitations/<uuid:invitation>/accept", household.AcceptInvitation.as_view()),
    path("me/household/invitations/<uuid:invitation>/decline", household.DeclineInvitation.as_view()),
    path("me/household/leave", household.LeaveHousehold.as_view()),
    path("me/household/members/<uuid:place>", household.HouseholdPlace.as_view()),
    path("me/transfers", transfers.Transfers.as_view()),
    path("rewards", rewards.Rewards.as_view()),
    path("me/reward-order-quotes", rewards.RewardOrderQuotes.as_view()),
    path("me/reward-orders", rewards.MyRewardOrders.as_view()),
    path("me/reward-orders/<uuid:id>/cancel", rewards.CancelRewardOrder.as_view()),
    path("me/vouchers", rewards.MyVouchers.as_view()),
    path("me/vouchers/<uuid:id>", rewards.MyVoucher.as_view()),
    path("me/vehicles", parking.MyVehicles.as_view()),
    path("me/vehicles/<uuid:vehicle>", parking.MyVehicle.as_view()),
    path("me/parking-sessions", parking.MyParkingSessions.as_view()),
    path("me/parking-sessions/<uuid:session>/quote", parking.ParkingQuote.as_view()),
    path("me/parking-sessions/<uuid:session>/pay", parking.ParkingPay.as_view()),
    path("me/parking-orders/<uuid:order>", parking.MyParkingOrder.as_view()),
]
