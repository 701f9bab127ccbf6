"""Refunds by file: recorded once, taking back what the sale earned, in any order and cut."""

import threading
from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from activities.models import Activity
from activities.rules.reading import ActivityReport
from activities.services.recording import record_activities
from common.models import ImportRun
from points.models import Posting, PostingKind, Program, Wallet
from points.selectors.audit import audit
from tests.activities.services.test_importing import rejects_of, sale
from tests.activities.shopping import COLUMNS, make_mall, write_rows
from tests.factories import NOW, make_earn_rule, make_program, redeem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _on_a_known_day(settings):
    settings.LOYALTY_FAKE_NOW = "2026-06-15T12:00:00+08:00"


@pytest.fixture
def mall():
    mall = make_mall(["C1", "C2"])
    make_earn_rule(mall, make_program("GROUP"), "0.5")
    return mall


def refund(ref, of, amount, **cells):
    cells = {"card": "", "occurred_at": "2026-04-01T08:00:00+08:00"} | cells
    return [*sale(ref, **{"kind": "refund"} | cells, amount=amount), of]


def load(tmp_path, lines, name="f.csv"):
    path = write_rows(
        tmp_path / name, [line + [""] * (8 - len(line)) for line in lines], [*COLUMNS, "refund_of"]
    )
    call_command("import_activities", str(path), "--unit", "MALL")
    return path


def balances():
    return dict(Wallet.objects.values_list("program__code", "balance"))


def test_a_refund_takes_back_its_share_in_every_program(mall, tmp_path):
    load(tmp_path, [sale("S1", amount="99.00"), refund("F1", "S1", "33.00")])

    assert balances() == {"MALLPOINTS": 66, "GROUP": 32}
    assert ImportRun.objects.get().counts == {
        "read": 2,
        "recorded": 2,
        "points": 148,
        "points_taken_back": 50,
    }
    assert Activity.objects.get(source_ref="F1").member == Activity.objects.get(source_ref="S1").member


def test_refunds_in_any_order_and_twice_end_in_the_same_balance(mall, tmp_path):
    lines = [refund("F2", "S1", "50.00"), refund("F1", "S1", "49.00"), sale("S1", amount="99.00")]

    for name in ("a.csv", "a.csv", "b.csv"):
        load(tmp_path, lines if name == "a.csv" else lines[::-1], name)

    assert balances() == {"MALLPOINTS": 0, "GROUP": 0}
    assert Posting.objects.filter(kind=PostingKind.REVERSAL).count() == 4
    assert Activity.objects.count() == 3


def test_each_refund_that_does_not_fit_is_refused_by_name(mall, tmp_path):
    lines = [
        (sale("S1", amount="99.00"), None),
        (refund("F1", "S1", "60.00"), None),
        (refund("F2", "S1", "39.01"), "refund_exceeds_sale"),
        (refund("F3", "S1", ""), None),
        (refund("F8", "S1", ""), "already_refunded"),
        (refund("F4", "F1", "1.00"), "unknown_refund_of"),
        (refund("F5", "S1", "1.00", card="C2"), "other_member"),
        (refund("F6", "S1", "1.00", occurred_at="2026-03-30T08:00:00+08:00"), "refund_before_sale"),
        (refund("F1", "S1", "60.00"), None),
        (refund("F1", "S1", "59.00"), "duplicate_reference"),
        (refund("S1", "S1", "1.00"), "duplicate_reference"),
        ([*sale("S2"), "S1"], "unexpected_refund_of"),
        (refund("F7", "S3", "39.00", card="C1"), None),
        (sale("S3", amount="99.00"), None),
        (refund("R1", "S3", "39.00", kind="return"), "unexpected_refund_of"),
    ]

    path = load(tmp_path, [line for line, _reason in lines])

    assert rejects_of(path) == {number: reason for number, (_l, reason) in enumerate(lines, 2) if reason}
    assert balances() == {"MALLPOINTS": 60, "GROUP": 29}  # floor(49 × 60 / 99)


@pytest.mark.parametrize(
    ("policy", "left", "reason"),
    [("debt", -40, None), ("clamp", 0, None), ("refuse", 10, "insufficient_points")],
)
def test_a_refund_of_spent_points_does_as_the_program_says(mall, tmp_path, policy, left, reason):
    program = Program.objects.get(code="MALLPOINTS")
    program.reversal_policy = policy
    program.save()
    load(tmp_path, [sale("S1", amount="100.00")])
    redeem(Activity.objects.get().member, program, 90, unit=mall)

    path = load(tmp_path, [refund("F1", "S1", "50.00")], "refund.csv")

    assert balances()["MALLPOINTS"] == left
    assert Activity.objects.filter(kind="refund").count() == (reason is None)
    if reason:
        assert rejects_of(path) == {2: reason}
        assert balances()["GROUP"] == 50


def test_refunds_of_one_sale_at_the_same_time_never_exceed_it(mall, tmp_path):
    load(tmp_path, [sale("S1", amount="100.00")])
    report = ActivityReport("F", "refund", None, None, NOW, Decimal("60.00"), "CNY", refund_of="S1")
    second = []

    def refund_it(ref):
        with transaction.atomic():
            told = record_activities(unit=mall, reports=[replace(report, source_ref=ref)], by="test", at=NOW)
        connection.close()
        second.extend(told)

    with transaction.atomic():
        (first,) = record_activities(unit=mall, reports=[report], by="test", at=NOW)
        rival = threading.Thread(target=refund_it, args=["G"])
        rival.start()
        rival.join(0.5)
        waited = rival.is_alive()
    rival.join(30)

    assert first.is_new
    assert waited
    assert second[0].refusal.code == "refund_exceeds_sale"
    assert balances() == {"MALLPOINTS": 40, "GROUP": 20}


def refund_of(sale_ref, ref, amount):
    return ActivityReport(ref, "refund", None, None, NOW, Decimal(amount), "CNY", refund_of=sale_ref)


def record(mall, reports):
    with transaction.atomic():
        return record_activities(unit=mall, reports=reports, by="test", at=NOW)


@pytest.mark.parametrize("policy", ["debt", "refuse"])
def test_refunds_of_one_sale_in_one_file_add_up_to_it(mall, tmp_path, policy):
    # Where a program may refuse, each refund is recorded by itself.
    Program.objects.update(reversal_policy=policy)
    load(tmp_path, [sale("S1", amount="100.00"), sale("S2", amount="30.00")])
    cuts = [("S1", "33.33"), ("S2", "30.00"), ("S1", "33.33"), ("S1", "33.34"), ("S1", "0.01")]

    told = record(mall, [refund_of(ref, f"F{n}", amount) for n, (ref, amount) in enumerate(cuts)])

    assert [one.taken_back for one in told] == [51, 45, 50, 49, 0]
    assert [one.refusal and one.refusal.code for one in told] == [None] * 4 + ["refund_exceeds_sale"]
    assert balances() == {"MALLPOINTS": 0, "GROUP": 0}
    assert audit().is_clean


def test_twenty_refunds_ask_the_database_no_more_often_than_two(mall, tmp_path):
    load(tmp_path, [sale(f"S{n}", amount="10.00") for n in range(22)])

    with CaptureQueriesContext(connection) as two:
        record(mall, [refund_of(f"S{n}", f"F{n}", "5.00") for n in range(2)])
    with CaptureQueriesContext(connection) as twenty:
        record(mall, [refund_of(f"S{n}", f"F{n}", "5.00") for n in range(2, 22)])

    assert len(twenty) == len(two)
    assert balances() == {"MALLPOINTS": 110, "GROUP": 44}


def test_a_reference_taken_meanwhile_by_another_import_is_refused_and_the_rest_recorded(mall, tmp_path):
    load(tmp_path, [sale("S1", amount="100.00"), sale("S2", amount="100.00")])
    told = []

    def refund_both():
        told.extend(record(mall, [refund_of("S1", "F", "10.00"), refund_of("S1", "G", "10.00")]))
        connection.close()

    with transaction.atomic():
        record_activities(unit=mall, reports=[refund_of("S2", "F", "10.00")], by="test", at=NOW)
        rival = threading.Thread(target=refund_both)
        rival.start()
        rival.join(1)
        waited = rival.is_alive()
    rival.join(30)

    assert waited
    assert [one.refusal and one.refusal.code for one in told] == ["duplicate_reference", None]
    assert [one.taken_back for one in told] == [0, 15]
    assert balances() == {"MALLPOINTS": 180, "GROUP": 90}
    assert audit().is_clean
