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
    "channel": "shop",
    "quantity": "2",
}
_LINES = [
    {
        "number": 1,
        "item": "6901234",
        "category": "coffee",
        "quantity": "2",
        "amount": {"amount": "76.00", "currency": "CNY"},
    },
    {
        "number": 2,
        "item": "6905678",
        "category": "bakery",
        "quantity": "1",
        "amount": {"amount": "52.50", "currency": "CNY"},
    },
]
_NOTHING = {"amount": "0.00", "currency": "CNY"}
ACTIVITY_REPORTED = OpenApiExample(
    "A coffee, partly paid with points",
    value={**_SALE, "member": {"card": "C-000123"}, "lines": _LINES},
    request_only=True,
)
STAY_REPORTED = OpenApiExample(
    "A stay of two nights, with its folio",
    value={
        "unit": "HOTEL",
        "source_ref": "folio-88120",
        "kind": "stay",
        "member": {"number": "100000000014"},
        "occurred_at": "2026-03-31T11:20:00+08:00",
        "amount": {"amount": "1480.00", "currency": "CNY"},
        "quantity": "2",
        "period_starts_on": "2026-03-29",
        "period_ends_on": "2026-03-31",
        "lines": [
            {"category": "room", "quantity": "2", "amount": {"amount": "1200.00", "currency": "CNY"}},
            {"category": "restaurant", "amount": {"amount": "280.00", "currency": "CNY"}},
        ],
    },
    request_only=True,
)
ACTIVITY = OpenApiExample(
    "It earned 100 points",
    value={
        "id": "0195eb0a-3c00-7b12-8c1e-5d2f3a4b6c7d",
        **_SALE,
        "period_starts_on": None,
        "period_ends_on": None,
        "refunded": _NOTHING,
        "lines": [{**line, "refunded": _NOTHING} for line in _LINES],
        "member": {"id": "01912d68-783e-7a11-9a3c-6f0b1e2d3c04", "number": "100000000014"},
        "earned": [{"program": "MALL", "points": 100, "posting": "0195eb0a-3c01-7d41-9a52-6f0b1e2d3c05"}],
        "trace": [
            {
                "rule": "earn:MALL-BASE v1",
                "program": "MALL",
                "taken": True,
                "reason": "base_rate",
                "words": "Points for money by this rate",
                "points": 100,
                "exact": "100",
            },
            {
                "rule": "earn:GROUP-BASE v1",
                "program": "GROUP",
                "taken": False,
                "reason": "not_in_force",
                "words": "Not in force when it happened",
                "points": 0,
                "exact": "0",
            },
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

_REFUND = {
    "unit": "MALL",
    "outlet": "CAFE-01",
    "source_ref": "till-7/2026-04-02/000007",
    "occurred_at": "2026-04-02T09:15:00+08:00",
    "reason": "cold coffee",
}
REFUND_BY_LINE = OpenApiExample(
    "One line comes back",
    value={**_REFUND, "lines": [{"number": 1, "amount": {"amount": "38.00", "currency": "CNY"}}]},
    request_only=True,
)
REFUND_OF_THE_WHOLE = OpenApiExample("All of it comes back", value=_REFUND, request_only=True)
_REFUNDED = {
    **_REFUND,
    "id": "0195f4d1-8a00-7c31-8d22-1f0a9b8c7d6e",
    "refund_of": "till-7/2026-03-31/000123",
    "state": "recorded",
    "occurred_at": "2026-04-02T01:15:00+00:00",
    "amount": {"amount": "38.00", "currency": "CNY"},
    "lines": [{"number": 1, "amount": {"amount": "38.00", "currency": "CNY"}}],
    "taken_back": [{"program": "MALL", "points": 30, "posting": "0195f4d1-8a01-7a02-9b33-2e1b0c9d8e7f"}],
    "sale_amount": {"amount": "128.50", "currency": "CNY"},
    "sale_refunded": {"amount": "38.00", "currency": "CNY"},
}
REFUNDED = OpenApiExample(
    "30 points were taken back", value=_REFUNDED, response_only=True, status_codes=["200", "201"]
)
REFUND_WAITS = OpenApiExample(
    "Its sale has not been reported yet",
    value={
        **_REFUNDED,
        "id": None,
        "state": "waiting",
        "amount": None,
        "lines": [],
        "taken_back": [],
        "sale_amount": None,
        "sale_refunded": None,
    },
    response_only=True,
    status_codes=["202"],
)
_ITEM = {name: value for name, value in _SALE.items() if name != "unit"}
BATCH_REPORTED = OpenApiExample(
    "What a till kept while it was offline",
    value={
        "unit": "MALL",
        "items": [
            {**_ITEM, "member": {"card": "C-000123"}},
            {**_ITEM, "source_ref": "till-7/2026-03-31/000124", "member": {"card": "C-999999"}},
        ],
    },
    request_only=True,
)
BATCH = OpenApiExample(
    "One recorded, one refused",
    value={
        "unit": "MALL",
        "recorded": 1,
        "already_there": 0,
        "refused": 1,
        "results": [
            {
                "index": 0,
                "source_ref": "till-7/2026-03-31/000123",
                "outcome": "recorded",
                "id": "0195eb0a-3c00-7b12-8c1e-5d2f3a4b6c7d",
                "earned": [
                    {"program": "MALL", "points": 100, "posting": "0195eb0a-3c01-7d41-9a52-6f0b1e2d3c05"}
                ],
                "problem": None,
            },
            {
                "index": 1,
                "source_ref": "till-7/2026-03-31/000124",
                "outcome": "refused",
                "id": None,
                "earned": [],
                "problem": {"code": "not_found", "title": "There is no such member.", "status": 404},
            },
        ],
    },
    response_only=True,
)
