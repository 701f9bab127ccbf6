"""Real files of a shop and of hotels, by the shipped mappings: totals agree with an oracle in DuckDB.

A cut of each in the suite; whole with ACTIVITIES_REAL_FILES=whole.
"""

import gzip
import os
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.models import Sum
from django.utils import translation

from activities.models import Activity, ActivityLine
from common.models import ImportRun
from members.models import Enrolment, Member
from points.models import Posting, PostingKind
from points.selectors.audit import audit
from tests.factories import LONG_AGO, make_earn_rule, make_program, make_unit

duckdb = pytest.importorskip("duckdb")
pytestmark = pytest.mark.django_db(transaction=True)
_BESIDE = Path(__file__).resolve().parents[4] / "shared" / "data"
ROWS = None if os.environ.get("ACTIVITIES_REAL_FILES") == "whole" else 2_500


@pytest.fixture(autouse=True)
def _then(settings):
    settings.LOYALTY_FAKE_NOW = "2016-02-01T00:00:00+00:00"
    with translation.override("en"):
        yield


def cut_of(name, tmp_path, rows=ROWS):
    """The file, or its first rows; skips where the data is not at hand."""
    path = Path(os.environ.get("LOYALTY_SHARED_DATA", _BESIDE)) / name
    if not path.exists():
        pytest.skip(f"the real files are not at {path.parent}: set LOYALTY_SHARED_DATA")
    target = tmp_path / name.removesuffix(".gz")
    with gzip.open(path, "rt", encoding="utf-8") as source, target.open("w", encoding="utf-8") as stream:
        stream.writelines(islice(source, None if rows is None else rows + 1))
    return target


def make_shop_of(refs, currency="GBP"):
    shop = make_unit("SHOP", currency=currency)
    make_earn_rule(shop, make_program("SHOP", owner=shop))
    members = Member.objects.bulk_create(
        Member(number=f"{number:012d}", joined_at=LONG_AGO) for number in range(1, len(refs) + 1)
    )
    Enrolment.objects.bulk_create(
        Enrolment(member=member, unit=shop, legacy_card=ref, joined_at=LONG_AGO, created_at=LONG_AGO)
        for member, ref in zip(members, refs, strict=True)
    )
    return shop


def load(path, mapping):
    call_command(
        "import_activities", str(path), "--unit", "SHOP", "--mapping", mapping, "--chunk-rows", "2000"
    )
    return dict(ImportRun.objects.order_by("-started_at", "-id").first().counts)


def asked(path, question):
    table = f"read_csv('{path}', all_varchar=true, header=true)"
    return duckdb.sql(question.replace("FILE", table)).fetchall()


GOODS = "FROM FILE WHERE regexp_matches(StockCode, '^[0-9]{5}')"
LINE = "round(Quantity::decimal(18,4) * Price::decimal(18,4), 2)"


def test_a_shops_invoices_agree_with_the_oracle(tmp_path):
    path = cut_of("online_retail_II_2009-12_2010-01.csv.gz", tmp_path)
    cards = asked(
        path, "SELECT DISTINCT replace(\"Customer ID\", '.0', '') FROM FILE WHERE \"Customer ID\" <> ''"
    )
    make_shop_of([card for (card,) in cards])

    counts = load(path, "online_retail_ii")
    state = set(Activity.objects.values_list("source_ref", "kind", "amount", "refund_of", "refunded"))
    again = load(path, "online_retail_ii")

    # The oracle: what was sold, to members, and given back, line by line.
    sale = f"{GOODS} AND NOT starts_with(Invoice, 'C') AND Quantity::int > 0"
    ((sold, invoices, lines),) = asked(path, f"SELECT sum({LINE}), count(DISTINCT Invoice), count(*) {sale}")
    ((points,),) = asked(
        path,
        f"SELECT sum(floor(a)) FROM (SELECT sum({LINE}) a {sale} AND \"Customer ID\" <> '' GROUP BY Invoice)",
    )
    ((back, returned),) = asked(path, f"SELECT -sum({LINE}), count(*) {GOODS} AND starts_with(Invoice, 'C')")
    totals = dict(Activity.objects.values_list("kind").annotate(Sum("amount")))
    assert totals["purchase"] == Decimal(str(sold))
    assert totals.get("refund", 0) + totals.get("return", 0) == Decimal(str(back))
    assert Activity.objects.filter(kind="purchase").count() == invoices
    assert Activity.objects.exclude(kind="purchase").count() == returned
    assert ActivityLine.objects.filter(activity__kind="purchase").count() == lines
    assert (
        counts["points"]
        == Posting.objects.filter(kind=PostingKind.ACCRUAL).aggregate(s=Sum("points"))["s"]
        == points
    )
    # Importing twice changes nothing.
    assert again["already_there"] == counts["recorded"] == invoices + returned
    assert set(Activity.objects.values_list("source_ref", "kind", "amount", "refund_of", "refunded")) == state
    assert audit().is_clean


def test_a_return_is_matched_to_the_latest_sale_that_covers_it(tmp_path):
    make_shop_of(["13085"])
    path = tmp_path / "returns.csv"
    path.write_text(
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
        "489001,85048,BALLS,10,2009-12-01 07:00:00,2.00,13085.0,UK\n"
        "489002,85048,BALLS,2,2009-12-02 07:00:00,2.00,13085.0,UK\n"
        "489003,85048,BALLS,3,2009-12-03 07:00:00,2.00,,UK\n"
        "C489004,85048,BALLS,-2,2009-12-04 07:00:00,2.00,13085.0,UK\n"
        "C489004,85048,BALLS,-4,2009-12-04 07:00:00,2.00,13085.0,UK\n"
        "C489005,85048,BALLS,-3,2009-12-05 07:00:00,2.00,,UK\n"
        "C489006,85048,BALLS,-9,2009-12-06 07:00:00,2.00,13085.0,UK\n"
        "A489007,B,Adjust bad debt,1,2009-12-06 07:00:00,100.00,,UK\n"
        "489008,POST,POSTAGE,1,2009-12-06 07:00:00,9.00,13085.0,UK\n"
        "489009,85048,BALLS,-5,2009-12-06 07:00:00,0.00,,UK\n",
        encoding="utf-8",
    )

    counts = load(path, "online_retail_ii")

    given_back = Activity.objects.exclude(kind="purchase").order_by("source_ref")
    assert list(given_back.values_list("source_ref", "kind", "refund_of", "amount")) == [
        ("C489004/1", "refund", "489002", 4),
        ("C489004/2", "refund", "489001", 8),
        ("C489005/1", "return", "", 6),
        ("C489006/1", "return", "", 18),
    ]
    assert (counts["points"], counts["points_taken_back"]) == (24, 12)


def test_only_stays_that_were_checked_out_earn(tmp_path):
    path = cut_of("hotel_bookings_2015H2.csv.gz", tmp_path)
    agents = asked(path, "SELECT DISTINCT agent FROM FILE WHERE agent <> 'NULL'")
    make_shop_of([agent for (agent,) in agents], "EUR")

    counts = load(path, "hotel_bookings")

    nights = "(stays_in_weekend_nights::int + stays_in_week_nights::int)"
    amount_of = f"round(adr::decimal(18,4) * {nights}, 2)"
    checked_out = f"SELECT agent, {nights} n, {amount_of} a FROM FILE WHERE reservation_status = 'Check-Out'"
    stay = f"FROM ({checked_out})"
    ((amount, stays, empty),) = asked(path, f"SELECT sum(a), count(*), count(*) FILTER (n = 0) {stay}")
    ((points,),) = asked(path, f"SELECT sum(floor(a)) {stay} WHERE agent <> 'NULL'")
    assert Activity.objects.aggregate(s=Sum("amount"))["s"] == Decimal(str(amount))
    assert (counts["recorded"], Activity.objects.filter(quantity=0).count()) == (stays, empty)
    assert counts["points"] == points
    assert set(Activity.objects.values_list("kind", flat=True)) == {"stay"}


def test_a_negative_rate_is_refused_by_name(tmp_path):
    path = cut_of("hotel_bookings_2015H2.csv.gz", tmp_path, rows=1)
    first, row = path.read_text(encoding="utf-8").splitlines()
    cells = row.split(",")
    cells[first.split(",").index("adr")] = "-6.38"
    cells[first.split(",").index("stays_in_week_nights")] = "2"
    path.write_text(f"{first}\n{','.join(cells)}\n", encoding="utf-8")
    make_shop_of(["1"], "EUR")

    load(path, "hotel_bookings")

    assert ImportRun.objects.get().rejected == {"negative_amount": 1}
    assert not Activity.objects.exists()
