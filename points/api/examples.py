"""One worked example for each message about points, shown in the contracts of both surfaces.

The story: 600 mall and 500 hotel points, 1 hotel = 2 mall, and a price of 1,000 mall points at the mall.
"""

from typing import Any

from drf_spectacular.utils import OpenApiExample

_POSTING_ID = "0197714e-6c00-7a3d-8f2e-3b1c5d7e9f01"
_SHARES = [
    {"program": "MALL", "points": 600, "covers": 600},
    {"program": "HOTEL", "points": 200, "covers": 400},
]
_QUOTE = "eyJtIjoi…:1uQf3K:4vT…"

WALLET = OpenApiExample(
    "A hotel wallet",
    value={
        "program": "HOTEL",
        "name": "Hotel points",
        "balance": 1300,
        "available": 900,
        "kept_for_debt": 0,
        "pending": 300,
        "held": 100,
        "expired_unswept": 0,
        "debt": 0,
        "expiring_soon": {
            "within_days": 30,
            "points": 800,
            "first_expires_at": "2026-03-31T16:00:00+00:00",
            "first_last_valid_on": "2026-03-31",
        },
        "lots": 3,
    },
    response_only=True,
)
LOT = OpenApiExample(
    "A stay's points",
    value={
        "id": "01954f3a-1c00-7d41-9a52-6f0b1e2d3c04",
        "points": 1000,
        "remaining": 800,
        "held": 0,
        "state": "available",
        "issuer": "HOTEL",
        "earned_at": "2025-03-14T03:00:00+00:00",
        "available_at": "2025-03-14T03:00:00+00:00",
        "expires_at": "2026-03-31T16:00:00+00:00",
        "last_valid_on": "2026-03-31",
        "drawn": [{"kind": "redemption", "points": 200, "postings": 1}],
        "posting": {
            "id": "01954f3a-1c00-7c10-8e11-5a4b3c2d1e0f",
            "kind": "accrual",
            "unit": "HOTEL",
            "source_ref": "folio-20250314-118",
            "rule": "12 v3",
        },
    },
    response_only=True,
)
POSTING = OpenApiExample(
    "A purchase paid from two wallets",
    value={
        "id": _POSTING_ID,
        "kind": "redemption",
        "unit": "MALL",
        "source_ref": "till-7/000118",
        "program": "MALL",
        "points": 1000,
        "entries": [{"program": "HOTEL", "points": -200}, {"program": "MALL", "points": -600}],
        "shares": _SHARES,
        "rule": "",
        "occurred_at": "2026-06-15T04:00:00+00:00",
        "posted_at": "2026-06-15T04:00:00.014212+00:00",
    },
    response_only=True,
)
RATE = OpenApiExample(
    "1 hotel point = 2 mall points",
    value={
        "from_program": "HOTEL",
        "to_program": "MALL",
        "numerator": 2,
        "denominator": 1,
        "starts_at": "2025-12-31T16:00:00+00:00",
        "ends_at": None,
    },
    response_only=True,
)
_PRICE: dict[str, Any] = {
    "unit": "MALL",
    "outlet": "SHOP-7",
    "member": {"phone": "+8613812345678"},
    "program": "MALL",
    "points": 1000,
}
QUOTE_ASKED = OpenApiExample("1,000 mall points", value=_PRICE, request_only=True)
QUOTE = OpenApiExample(
    "Paid from two wallets",
    value={
        "quote": _QUOTE,
        "expires_at": "2026-06-15T04:05:00+00:00",
        "unit": "MALL",
        "program": "MALL",
        "points": 1000,
        "shares": _SHARES,
    },
    response_only=True,
    status_codes=["201"],
)
REDEMPTION_ASKED = OpenApiExample(
    "As quoted",
    value={**_PRICE, "source_ref": "till-7/000118", "quote": _QUOTE, "capture": True},
    request_only=True,
)
RECEIPT = OpenApiExample(
    "Paid",
    value={
        "id": _POSTING_ID,
        "status": "captured",
        "unit": "MALL",
        "source_ref": "till-7/000118",
        "member": {"id": "01950000-0000-7000-8000-000000000001", "number": "100000000017"},
        "program": "MALL",
        "points": 1000,
        "shares": _SHARES,
        "occurred_at": "2026-06-15T04:00:00+00:00",
        "posting": _POSTING_ID,
    },
    response_only=True,
)
