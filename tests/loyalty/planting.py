"""Words about a person in every column that takes some from operators and gates; and what is left of them."""

from datetime import timedelta
from decimal import Decimal

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from activities.models import TierGrant, WaitingRefund
from benefits.models import EntitlementGrant, FactSet, FactSetMember, GrantRequest
from benefits.selectors.places import Spot
from benefits.services.granting_by_hand import reject_grant
from benefits.services.grants import withdraw_grant
from benefits.services.reward_orders import cancel_order, fulfil_order
from benefits.services.reward_refunds import refund_order
from benefits.services.usages import restore_usage, use_right
from loyalty.workflows.export_member import paths_to_member
from parking.models import ParkingOrder
from parking.services.payments import refund_order as refund_parking
from points.models import AdjustmentRequest
from points.services.adjusting import reject_adjustment
from tests.benefits.factories import make_benefit, make_grant, make_ladder
from tests.benefits.shop import Shop
from tests.benefits.vouchers import issue, make_vouchers_of
from tests.factories import NOW, give
from tests.loyalty.personal_data import COLUMNS, EMPTIED, OWN_KEY
from tests.members.factories import numbered_member
from tests.members.merging import merge, unmerge
from tests.operators import make_operator
from tests.parking.places import come, leave, make_car_park

WORDS = {
    name: f"kanari-{name}-0001"
    for name in (
        "merged", "parted", "asked", "rejected", "wished", "declined", "withdrawn", "restored", "cancelled",
        "refunded", "voucher", "raised", "lowered", "parked", "waiting", "waited_note", "refused",
    )
}  # fmt: skip


def plant_words(member, mall, plate):
    """A canary of WORDS in each such column: by the services that write there, where there is one."""
    first = make_operator(name="CANARY1")
    second = make_operator(name="CANARY2")
    _merge(member)
    _ask(member, mall, first, second)
    _benefits(member)
    _tiers(member, mall)
    _park(member, mall, plate)


def _merge(member):
    other = numbered_member(name="Other")
    unmerge(merge(member, other, evidence=WORDS["merged"]), evidence=WORDS["parted"])


def _ask(member, mall, first, second):
    shop = Shop()
    give(member, shop.program, 1000)
    asked = AdjustmentRequest.objects.create(
        member=member, program=shop.program, unit=mall, points=10, category="service", reason=WORDS["asked"],
        asked_by=first, asked_at=NOW,
    )  # fmt: skip
    reject_adjustment(request=asked, by=second, at=NOW, note=WORDS["rejected"])
    benefit = make_benefit(provider=mall)
    wished = GrantRequest.objects.create(
        member=member, benefit=benefit, unit=mall, amount=1, ends_at=NOW + timedelta(days=9), value=1,
        reason=WORDS["wished"], asked_by=first, asked_at=NOW,
    )  # fmt: skip
    reject_grant(request=wished, by=second, at=NOW, note=WORDS["declined"])
    cancel_order(order_id=shop.order(member).pk, reason=WORDS["cancelled"], by="user:1", at=NOW)
    picked = shop.order(member)
    fulfil_order(order_id=picked.pk, units=[shop.mall], by="partner:1", at=NOW)
    refund_order(
        order_id=picked.pk, units=None, is_returned=True, reason=WORDS["refunded"], by="user:1", at=NOW
    )
    issue(make_vouchers_of(mall, mall), member=member, reason=WORDS["voucher"])


def _benefits(member):
    benefit = make_benefit()
    used = make_grant(member, benefit, 3)
    usage = use_right(
        right_id=used.pk, member_id=member.pk, amount=Decimal(1), spot=Spot(benefit.provider, None, None),
        source_ref="use-canary", by="test", at=NOW,
    ).entry  # fmt: skip
    restore_usage(usage_id=usage.pk, source_ref="back", by="user:1", at=NOW, words=WORDS["restored"])
    given = EntitlementGrant.objects.get(pk=make_grant(member, benefit, 1).pk)
    withdraw_grant(grant=given, reason=WORDS["withdrawn"], by="user:1", at=NOW)
    segment = FactSet.objects.create(code="BIRD-LOVERS", name_zh="养鸟人", name_en="Bird lovers")
    FactSetMember.objects.create(
        fact_set=segment, member=member, during=DateTimeTZRange(NOW, None), told_by="test"
    )


def _tiers(member, mall):
    gold = make_ladder()["GOLD"]
    TierGrant.objects.create(
        member=member, tier=gold, starts_on=NOW.date(), ends_on=NOW.date(), reason=WORDS["raised"],
        given_by="user:1", given_at=NOW, ended_by="user:1", ended_at=NOW, end_reason=WORDS["lowered"],
    )  # fmt: skip
    WaitingRefund.objects.create(
        unit=mall, source_ref="W-1", refund_of="W-0", member=member, occurred_at=NOW, amount=1,
        told={
            "category": "", "quantity": None, "is_whole": False, "reason": WORDS["waited_note"], "lines": [],
            "attributes": {"parcel": WORDS["waiting"]},
        },
        reported_by="partner:1", arrived_at=NOW, state="refused", decided_at=NOW, decided_by="user:1",
        refusal=WORDS["refused"],
    )  # fmt: skip


def _park(member, mall, plate):
    car_park = make_car_park(mall)
    come(car_park, NOW - timedelta(hours=3), plate)
    leave(car_park, NOW, plate, passed=True, collected=Decimal(15))
    order = ParkingOrder.objects.get(session__car_park=car_park)
    assert order.session.member_id == member.pk
    refund_parking(order_id=order.pk, reason=WORDS["parked"], by="user:1", at=NOW)


def readable_words(member_ids):
    """`table.column` of everything that a reader of the database still finds said of these members."""
    found = set()
    for model, paths in paths_to_member().items():
        label = model._meta.label_lower
        names = [name for name, what in COLUMNS.get(label, {}).items() if what in {EMPTIED, OWN_KEY}]
        if not names:
            continue
        mine = Q()
        for path in paths:
            mine |= Q(**{f"{path}__in": member_ids})
        for row in model._default_manager.filter(mine):
            found |= {f"{label}.{name}" for name in names if _says(getattr(row, name))}
    return found


def words_of_people():
    """Every such column of the schema."""
    return {
        f"{label}.{name}"
        for label, columns in COLUMNS.items()
        for name, what in columns.items()
        if what in {EMPTIED, OWN_KEY}
    }


def _says(value):
    if isinstance(value, dict) and "lines" in value:
        # A waiting refund keeps what it settles by: amounts and items.
        return bool(value["attributes"] or value["reason"])
    return value not in ("", "—", {}, None)
