"""The ground floor: what every app needs and no app owns. Here: money, in plain Python."""

from dataclasses import dataclass
from decimal import Decimal

# ISO 4217 minor units of the currencies accepted at the doors: decimals after the point.
CURRENCY_EXPONENTS = {
    "AUD": 2, "CAD": 2, "CHF": 2, "CNY": 2, "EUR": 2, "GBP": 2, "HKD": 2, "IDR": 2, "JPY": 0, "KRW": 0,
    "MOP": 2, "MYR": 2, "NZD": 2, "PHP": 2, "SGD": 2, "THB": 2, "TWD": 2, "USD": 2, "VND": 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency, never a float: `Money(Decimal("12.50"), "CNY")`."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        """Catch the bug of a float or an int where a Decimal was meant."""
        assert isinstance(self.amount, Decimal), "money is a Decimal"

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
