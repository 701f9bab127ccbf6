"""The real baskets, read from the package's own file, and nothing heavy with them."""

import csv
import gzip
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from loyalty.demo.shopping import baskets, transactions_file

PROJECT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("LOYALTY_SHARED_DATA") or PROJECT.parent / "shared" / "data")
DEVELOPMENT_SUBSET = SHARED / "cj_baskets_dev.csv.gz"


@pytest.fixture(scope="module")
def all_baskets():
    return baskets(transactions_file())


def test_all_baskets_of_all_households_are_there(all_baskets):
    assert len(all_baskets) == len({basket.basket_id for basket in all_baskets}) == 155_848
    assert len({basket.household for basket in all_baskets}) == 2_469
    assert sum(basket.amount for basket in all_baskets) == Decimal("4596039.58")
    assert sum(int(basket.amount) for basket in all_baskets) == 4_519_934


def test_baskets_come_in_the_order_of_time(all_baskets):
    times = [basket.local_time for basket in all_baskets]

    assert times == sorted(times)


@pytest.mark.skipif(not DEVELOPMENT_SUBSET.exists(), reason="the development subset is not on this machine")
def test_every_basket_of_the_development_subset_has_its_cents(all_baskets):
    with gzip.open(DEVELOPMENT_SUBSET, "rt", encoding="utf-8") as file:
        told = {int(row["basket_id"]): row for row in csv.DictReader(file)}

    ours = {basket.basket_id: basket for basket in all_baskets if basket.basket_id in told}

    assert len(ours) == len(told) == 36_488
    for basket_id, row in told.items():
        mine = ours[basket_id]
        assert mine.amount * 100 == int(row["sales_cents"])
        assert (mine.household, mine.store) == (int(row["household_id"]), int(row["store_id"]))
        assert str(mine.local_time) == row["ts"]


def test_some_households_are_those_with_the_lowest_numbers(all_baskets):
    lowest = sorted({basket.household for basket in all_baskets})[:5]

    some = baskets(transactions_file(), households=5)

    assert sorted({basket.household for basket in some}) == lowest


def test_reading_loads_no_pandas():
    script = (
        "import sys; from loyalty.demo.shopping import baskets, transactions_file;"
        " baskets(transactions_file(), households=1); sys.exit('pandas' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=False)

    assert done.returncode == 0
