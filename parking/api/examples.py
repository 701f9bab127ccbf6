"""One worked example for each message about parking, shown in both contracts."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

_SESSION_ID = "0197714e-6c00-7a3d-8f2e-3b1c5d7e9f21"
_ORDER_ID = "01977168-1f00-7b12-8c1e-5d2f3a4b6c7d"


def _cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def _part(kind: str, words: str, amount: str, *, minutes: int = 0, points: int = 0) -> dict[str, Any]:
    return {"kind": kind, "words": words, "amount": _cny(amount), "minutes": minutes, "points": points}


_FEE_LINES = [
    {"words": "2026-06-15, 08:00–22:00: 6 × 60 min at 5.00", "amount": _cny("30.00")},
]
_PARTS = [
    _part("right", "3 h free: Gold parking", "15.00", minutes=180),
    _part("receipt", "1 h free by a receipt of the day", "5.00", minutes=60),
    _part("points", "200 points", "5.00", points=200),
    _part("money", "Money", "5.00"),
]
_SESSION = {
    "id": _SESSION_ID,
    "car_park": {"code": "PLAZA-P1", "name": "Plaza car park", "unit": "MALL"},
    "plate": "沪A***45",
    "state": "inside",
    "entered_at": "2026-06-15T04:00:00+00:00",
    "exited_at": None,
    "fee": None,
}
_LEFT = {**_SESSION, "state": "left", "exited_at": "2026-06-15T10:03:10+00:00", "fee": _cny("30.00")}
_ORDER = {
    "id": _ORDER_ID,
    "session": _SESSION_ID,
    "state": "placed",
    "fee": _cny("30.00"),
    "parts": _PARTS,
    "payment": {
        "id": "01977168-1f01-7d41-9a52-6f0b1e2d3c05",
        "provider": "sandbox",
        "amount": _cny("5.00"),
        "state": "asked",
        "checkout": "WyIwMTk3…",
    },
    "placed_at": "2026-06-15T10:00:00+00:00",
    "expires_at": "2026-06-15T10:10:00+00:00",
    "leave_before": None,
}
_PAID = {
    **_ORDER,
    "state": "paid",
    "payment": {**_ORDER["payment"], "state": "succeeded", "checkout": None},  # type: ignore[dict-item]  # it is one
    "leave_before": "2026-06-15T10:15:20+00:00",
}

_PASSAGE = {
    "unit": "MALL",
    "car_park": "PLAZA-P1",
    "source_ref": "gate-2/20260615/000812",
    "plate": "沪A12345",
    "happened_at": "2026-06-15T12:00:00+08:00",
    "lane": "E2",
}
ENTRY_ASKED = OpenApiExample("A car comes in", value=_PASSAGE, request_only=True)
EXIT_ASKED = OpenApiExample(
    "A car waits at the exit",
    value={**_PASSAGE, "source_ref": "gate-5/20260615/000409", "happened_at": "2026-06-15T18:00:00+08:00"},
    request_only=True,
)
EXIT_COLLECTED = OpenApiExample(
    "It was gone before the gate was online again; the booth took 5 yuan",
    value={
        **_PASSAGE,
        "source_ref": "gate-5/20260615/000410",
        "happened_at": "2026-06-15T18:00:00+08:00",
        "has_passed": True,
        "collected": {"amount": _cny("5.00"), "ref": "booth-5/88121"},
    },
    request_only=True,
)
ENTRY = OpenApiExample(
    "It is inside",
    value={"session": _SESSION, "server_time": "2026-06-15T04:00:01+00:00"},
    response_only=True,
)
EXIT_OPEN = OpenApiExample(
    "Paid: open",
    value={
        "decision": "open",
        "reason": "Paid; to leave before 18:15.",
        "amount": _cny("0.00"),
        "due": _cny("0.00"),
        "fee_lines": _FEE_LINES,
        "parts": [],
        "order": None,
        "session": _LEFT,
        "server_time": "2026-06-15T10:03:11+00:00",
    },
    response_only=True,
)
EXIT_PAY = OpenApiExample(
    "5 yuan are left to pay",
    value={
        "decision": "pay",
        "reason": "To be paid first.",
        "amount": _cny("5.00"),
        "due": _cny("30.00"),
        "fee_lines": _FEE_LINES,
        "parts": _PARTS,
        "order": None,
        "session": _SESSION,
        "server_time": "2026-06-15T10:00:00+00:00",
    },
    response_only=True,
)
SESSION = OpenApiExample("A car inside", value=_SESSION, response_only=True)
PARTNER_SESSION = OpenApiExample(
    "A stay that was paid", value={**_LEFT, "orders": [_PAID]}, response_only=True
)
QUOTE = OpenApiExample(
    "3 h Gold benefit, 1 h from today's receipt, 200 points, ¥5",
    value={
        "fee": _cny("30.00"),
        "paid": _cny("0.00"),
        "due": _cny("30.00"),
        "minutes": 360,
        "fee_lines": _FEE_LINES,
        "parts": _PARTS,
        "money": _cny("5.00"),
        "points": 200,
        "leave_before": None,
        "quote": "eyJzIjoi…:1uQf3K:4vT…",
        "valid_until": "2026-06-15T10:05:00+00:00",
    },
    response_only=True,
)
ORDER = OpenApiExample("5 yuan are awaited", value=_ORDER, response_only=True)
PAY_ASKED = OpenApiExample("As quoted", value={"quote": "eyJzIjoi…:1uQf3K:4vT…"}, request_only=True)
VEHICLE_ASKED = OpenApiExample("A car", value={"plate": "沪A·12345", "auto_pay": "all"}, request_only=True)
VEHICLE = OpenApiExample(
    "A car",
    value={
        "id": "0197714e-6c00-7a3d-8f2e-3b1c5d7e9f22",
        "plate": "沪A***45",
        "is_new_energy": False,
        "auto_pay": "all",
        "bound_at": "2026-06-15T04:01:00+00:00",
    },
    response_only=True,
)
NOTICE = OpenApiExample(
    "Paid",
    value={"payment": "01977168-1f01-7d41-9a52-6f0b1e2d3c05", "state": "succeeded"},
    response_only=True,
)
