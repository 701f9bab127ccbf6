"""Fifty tills at once against one cap: the cap, exactly."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from activities.models import BudgetUse
from activities.rules.reading import ActivityReport
from activities.services.recording import record_activities
from common.sql import retrying
from points.models import Wallet
from points.selectors.audit import audit
from tests.factories import NOW, make_earn_rule, make_member, make_program, make_unit

pytestmark = pytest.mark.django_db(transaction=True)
TILLS = 50


def sell_at_once(mall, buyers):
    """Every buyer's sale of 33.50 in a thread of its own, all let go together."""
    gate = threading.Barrier(len(buyers))

    def sell(number, buyer):
        report = ActivityReport(
            f"T{number}",
            "purchase",
            None,
            None,
            NOW + timedelta(minutes=number % 7),
            Decimal("33.50"),
            "CNY",
            member_id=buyer.pk,
        )

        def work():
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '60s'")
                return record_activities(unit=mall, reports=[report], by="till", at=NOW + timedelta(hours=1))

        gate.wait()
        try:
            retrying(work)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(buyers)) as tills:
        for sold in [tills.submit(sell, number, buyer) for number, buyer in enumerate(buyers)]:
            sold.result()


@pytest.mark.parametrize("caps", [{"per_day": 1000}, {"per_month": 1000}, {"per_member": 1000}])
def test_a_members_cap_is_given_out_to_the_point(caps):
    mall, member = make_unit("MALL"), make_member()
    make_earn_rule(mall, make_program("MALL", owner=mall), terms={"caps": caps})

    sell_at_once(mall, [member] * TILLS)

    assert Wallet.objects.get().balance == 1000
    assert audit().is_clean


def test_a_budget_of_everybody_is_given_out_to_the_point():
    mall = make_unit("MALL")
    make_earn_rule(mall, make_program("MALL", owner=mall), terms={"caps": {"budget": 1000}})

    sell_at_once(mall, [make_member() for _till in range(TILLS)])

    assert sum(Wallet.objects.values_list("balance", flat=True)) == BudgetUse.objects.get().given == 1000
    assert audit().is_clean
