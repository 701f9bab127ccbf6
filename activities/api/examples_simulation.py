"""Worked examples of simulations and traces, shown in the contracts of both surfaces."""

from drf_spectacular.utils import OpenApiExample

_ASKED = {
    "unit": "MALL",
    "outlet": "CAFE-01",
    "kind": "purchase",
    "occurred_at": "2026-04-04T08:00:00+00:00",
    "amount": {"amount": "128.50", "currency": "CNY"},
    "category": "food/coffee",
}
TRACE = [
    {
        "rule": "earn:MALL-BASE v3",
        "program": "MALL",
        "taken": True,
        "reason": "base_rate",
        "words": "Points for money by this rate",
        "points": 128,
        "exact": "128.5",
    },
    {
        "rule": "earn:WEEKEND v1",
        "program": "MALL",
        "taken": True,
        "reason": "multiplier",
        "words": "Multiplies what the rates give",
        "points": 128,
        "exact": "128.5",
    },
    {
        "rule": "earn:BIRTHDAY v2",
        "program": "MALL",
        "taken": False,
        "reason": "no_birthday",
        "words": "Only around the birthday",
        "points": 0,
        "exact": "0",
    },
]
SIMULATION_ASKED = OpenApiExample(
    "A coffee on a Saturday", value={**_ASKED, "member": {"card": "C-000123"}}, request_only=True
)
MY_SIMULATION_ASKED = OpenApiExample("A coffee on a Saturday", value=_ASKED, request_only=True)
SIMULATION = OpenApiExample(
    "Double points",
    value={
        "would_earn": [
            {
                "program": "MALL",
                "points": 257,
                "pending_days": 0,
                "expires_after_days": None,
                "rule": "earn:MALL-BASE v3 + WEEKEND v1",
            }
        ],
        "trace": TRACE,
    },
    response_only=True,
)
RULES = OpenApiExample(
    "Double points",
    value={
        "activity": "0195eb0a-3c00-7b12-8c1e-5d2f3a4b6c7d",
        "revision": 0,
        "earned": [{"program": "MALL", "points": 257}],
        "trace": TRACE,
        "earlier": [],
    },
    response_only=True,
)
