"""How many points a refund takes back."""

from decimal import Decimal


def points_to_take_back(
    *, earned: int, amount: Decimal, refunded_before: Decimal, refunded_after: Decimal
) -> int:
    """The points that a refund takes back, of `earned` ones for a sale of `amount`, pro rata.

    What a member keeps is floor(earned × the share not refunded), so that the sum over all refunds of a sale
    depends on the sum refunded alone, and a sale refunded in full keeps nothing.
    """
    assert 0 <= refunded_before <= refunded_after <= amount, "refunds lie within the sale"
    return _kept(earned, amount, refunded_before) - _kept(earned, amount, refunded_after)


def _kept(earned: int, amount: Decimal, refunded: Decimal) -> int:
    # In hundredths and whole numbers: exact at any size.
    whole, left = int(amount * 100), int((amount - refunded) * 100)
    return earned * left // whole if whole else 0
