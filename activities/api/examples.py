"""One worked example for each message about activities, shown in the contract of the partner surface."""

from drf_spectacular.utils import OpenApiExample

_SALE = {
    "unit": "MALL",
    "outlet": "CAFE-01",
    "source_ref": "till-7/2026-03-31/000123",
    "kind": "purchase",
    "occurred_at": "2026-03-31T08:00:00+00:00",
    "amount": {"amount": "128.50", "currency": "CNY"},
    "paid_with_points": {"amount": "28.00", "currency": "CNY"},
    "category": "coffee",
    "quantity": "2",
}
ACTIVITY_REPORTED = OpenApiExample(
    "A coffee, partly paid with points",
    value={**_SALE, "member": {"card": "C-000123"}},
    request_only=True,
)
ACTIVITY = OpenApiExample(
    "It earned 100 points",
    value={
        "id": "0195eb0a-3c00-7b12-8c1e-5d2f3a4b6c7d",
        **_SALE,
        "member": {"id": "01912d68-783e-7a11-9a3c-6f0b1e2d3c04", "number": "100000000014"},
        "earned": [{"program": "MALL", "points": 100, "posting": "0195eb0a-3c01-7d41-9a52-6f0b1e2d3c05"}],
        "trace": [
            {"rule": "earn:7 v1", "program": "MALL", "taken": True, "reason": "base_rate", "points": 100},
            {"rule": "earn:9 v1", "program": "GROUP", "taken": False, "reason": "not_in_force", "points": 0},
        ],
    },
    response_only=True,
)
_DAY = {
    "unit": "MALL",
    "date": "2026-03-31",
    "amount": {"amount": "1284550.00", "currency": "CNY"},
    "orders": 10412,
}
DAILY_TOTAL_REPORTED = OpenApiExample("A day's sales", value=_DAY, request_only=True)
DAILY_TOTAL = OpenApiExample(
    "A day's sales as they stand", value={**_DAY, "outcome": "recorded"}, response_only=True
)
