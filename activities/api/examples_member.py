"""One worked example for each message about activities on the member surface."""

from drf_spectacular.utils import OpenApiExample

_SALE = {
    "id": "0195eb0a-3c00-7b12-8c1e-5d2f3a4b6c7d",
    "kind": "purchase",
    "words": "Purchase",
    "unit": "MALL",
    "unit_name": "Spruce Plaza",
    "outlet": "Corner Café",
    "source_ref": "till-7/2026-03-31/000123",
    "refund_of": None,
    "occurred_at": "2026-03-31T08:00:00+00:00",
    "amount": {"amount": "128.50", "currency": "CNY"},
    "refunded": {"amount": "0.00", "currency": "CNY"},
    "category": "coffee",
    "claimed_at": None,
    "points": [
        {
            "program": "MALL",
            "points": 128,
            "posting": "0195eb0a-3c01-7d41-9a52-6f0b1e2d3c05",
            "rule": "earn:MALL-BASE v3",
        }
    ],
    "why": [
        {
            "rule": "earn:MALL-BASE v3",
            "program": "MALL",
            "taken": True,
            "reason": "base_rate",
            "words": "Points for money by this rate",
            "points": 128,
            "exact": "128.5",
        }
    ],
}
MY_ACTIVITY = OpenApiExample("A coffee and its points", value=_SALE, response_only=True)
MY_CLAIM = OpenApiExample(
    "A receipt claimed two days later",
    value={**_SALE, "claimed_at": "2026-04-02T11:30:00+00:00"},
    response_only=True,
)
CLAIM = OpenApiExample(
    "What the receipt says",
    value={
        "unit": "MALL",
        "outlet": "CAFE-01",
        "source_ref": "till-7/2026-03-31/000123",
        "amount": {"amount": "128.50", "currency": "CNY"},
    },
    request_only=True,
)
