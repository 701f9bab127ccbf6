"""One worked example for each message about points, shown in the contracts of both surfaces.

The story: 600 mall and 500 hotel points, 1 hotel = 2 mall, and a price of 1,000 mall points at the mall.
"""

from typing import Any

from drf_spectacular.utils import OpenApiExample

_POSTING_ID = "0197714e-6c00-7a3d-8f2e-3b1c5d7e9f01"
_HOLD_ID = "0197714d-2b00-7e51-9c0d-7f6a4b2c1d08"
_MEMBER = {"id": "01950000-0000-7000-8000-000000000001", "number": "100000000017"}
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
        "cap_per_member_day": 5000,
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
HOLD_ASKED = OpenApiExample(
    "Held first",
    value={**_PRICE, "source_ref": "till-7/000119", "quote": _QUOTE, "capture": False},
    request_only=True,
)
_PAID: dict[str, Any] = {
    "id": _POSTING_ID,
    "status": "captured",
    "unit": "MALL",
    "source_ref": "till-7/000118",
    "member": _MEMBER,
    "program": "MALL",
    "points": 1000,
    "shares": _SHARES,
    "held_points": None,
    "held_at": None,
    "expires_at": None,
    "occurred_at": "2026-06-15T04:00:00+00:00",
    "posting": _POSTING_ID,
    "reversed_points": 0,
}
_HELD: dict[str, Any] = {
    **_PAID,
    "id": _HOLD_ID,
    "status": "held",
    "source_ref": "till-7/000119",
    "held_points": 1000,
    "held_at": "2026-06-15T03:58:30+00:00",
    "expires_at": "2026-06-15T04:13:30+00:00",
    "occurred_at": None,
    "posting": None,
}
_CAPTURED: dict[str, Any] = {
    **_HELD,
    "status": "captured",
    "points": 700,
    "shares": [
        {"program": "MALL", "points": 600, "covers": 600},
        {"program": "HOTEL", "points": 50, "covers": 100},
    ],
    "occurred_at": "2026-06-15T04:00:00+00:00",
    "posting": _POSTING_ID,
}
_GIVEN_BACK: dict[str, Any] = {
    "id": "01977682-9400-7f0c-b1a2-6d5e4c3b2a19",
    "redemption": _HOLD_ID,
    "unit": "MALL",
    "source_ref": "till-7/000131",
    "member": _MEMBER,
    "program": "MALL",
    "points": 200,
    "shares": [
        {"program": "MALL", "points": 100, "covers": 100},
        {"program": "HOTEL", "points": 50, "covers": 100},
    ],
    "occurred_at": "2026-06-16T04:15:00+00:00",
}


def _answer(name: str, value: dict[str, Any], *statuses: str) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=list(statuses))


RECEIPT = _answer("Paid", _PAID, "200", "201")
HELD = _answer("Held", _HELD, "200", "201")
CAPTURE_ASKED = OpenApiExample("700 of them", value={"points": 700}, request_only=True)
CAPTURED = _answer("Captured in part", _CAPTURED, "200", "201")
VOID_ASKED = OpenApiExample("Let go", value={}, request_only=True)
VOIDED = _answer("Let go", {**_HELD, "status": "voided"}, "200")
REVERSAL_ASKED = OpenApiExample(
    "200 of what was paid", value={"source_ref": "till-7/000131", "points": 200}, request_only=True
)
REVERSAL = _answer("Given back", _GIVEN_BACK, "200", "201")

RESOLVE_ASKED = OpenApiExample(
    "By phone", value={"unit": "MALL", "phone": "138 1234 5678"}, request_only=True
)
RESOLVE_BY_CODE = OpenApiExample(
    "By the code that the member shows",
    value={"unit": "MALL", "code": "1000 0000 0017 4829 1375"},
    request_only=True,
)
RESOLVED = OpenApiExample(
    "Found",
    value={
        **_MEMBER,
        "name": "王**",
        "status": "active",
        "enrolment": {
            "legacy_card": "C-000123",
            "channel": "import",
            "joined_at": "2024-05-01T02:00:00+00:00",
        },
        "tier": {"code": "GOLD", "level": 1, "name": "Gold"},
        "points": [{"program": "HOTEL", "name": "Hotel points", "available": 900, "expiring_soon": 800}],
    },
    response_only=True,
)

_SWAP: dict[str, Any] = {"source": "MALL", "target": "HOTEL", "points": 101}
_SWAPPED: dict[str, Any] = {
    **_SWAP,
    "given": 50,
    "rate": {"numerator": 1, "denominator": 2},
    "dust": {
        "numerator": 1,
        "denominator": 2,
        "words": "Points are whole: rounding down leaves 1/2 of a point behind.",
    },
}
EXCHANGE_QUOTE_ASKED = OpenApiExample("101 mall points", value=_SWAP, request_only=True)
EXCHANGE_QUOTE = _answer(
    "At 2 mall = 1 hotel", {"quote": _QUOTE, "expires_at": "2026-06-15T04:01:00+00:00", **_SWAPPED}, "201"
)
EXCHANGE_ASKED = OpenApiExample("As quoted", value={**_SWAP, "quote": _QUOTE}, request_only=True)
EXCHANGED = _answer(
    "Exchanged",
    {
        "id": _POSTING_ID,
        "posting": _POSTING_ID,
        "unit": "HOTEL",
        "source_ref": f"exchange:{_MEMBER['id']}:5f0c9a1e",
        **_SWAPPED,
        "occurred_at": "2026-06-15T04:00:20+00:00",
    },
    "200",
    "201",
)
_GIVEN = {"to": "0196f0aa-5d00-7b21-8a44-2c3d4e5f6a07", "program": "MALL", "points": 300}
TRANSFER_ASKED = OpenApiExample("300 mall points", value=_GIVEN, request_only=True)
TRANSFERRED = _answer(
    "Given",
    {
        "id": _POSTING_ID,
        "posting": _POSTING_ID,
        "unit": "MALL",
        "source_ref": "transfer:9c56cc51b374c3ba189210d5b6d4bf57",
        **_GIVEN,
        "to_name": "王**",
        "occurred_at": "2026-06-15T04:00:20+00:00",
    },
    "200",
    "201",
)
