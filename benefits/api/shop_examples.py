"""One worked example for each message about rewards, orders and vouchers, shown in the contracts.

The story: a flask of 1,000 mall points and 9.90, ordered by a member with 600 mall and 500 hotel points; a
voucher of 20 off from 100 on.
"""

from typing import Any

from drf_spectacular.utils import OpenApiExample

_ORDER_ID = "0197714e-6c00-7a3d-8f2e-3b1c5d7e9f31"
_VOUCHER_ID = "0197714e-6c00-7a3d-8f2e-3b1c5d7e9f32"
_LIST_ID = "0197714e-6c00-7a3d-8f2e-3b1c5d7e9f33"
_DIGEST = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="
_SHARES = [
    {"program": "MALL", "points": 600, "covers": 600},
    {"program": "HOTEL", "points": 200, "covers": 400},
]


def _cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def _asked(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


def _told(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True)


_PLACED: dict[str, Any] = {
    "id": _ORDER_ID,
    "status": "placed",
    "reward": "FLASK",
    "name": "Vacuum flask",
    "pieces": 1,
    "program": "MALL",
    "points": 1000,
    "money": _cny("9.90"),
    "unit": "MALL",
    "outlet": "DESK-1",
    "placed_at": "2026-06-15T04:00:00+00:00",
    "pick_up_before": "2026-06-22T16:00:00+00:00",
    "closed_at": None,
}
_GIVES: dict[str, Any] = {
    "amount": _cny("20.00"),
    "min_spend": _cny("100.00"),
    "percent_off": None,
    "at_most": None,
    "parking_minutes": None,
}
_VOUCHER: dict[str, Any] = {
    "id": _VOUCHER_ID,
    "kind": "cash_off",
    "status": "issued",
    "name": "20 off 100",
    "terms": "One a receipt. Not for tobacco.",
    "code_ends_in": "7K3M",
    "gives": _GIVES,
    "valid_from": "2026-06-15T04:00:00+00:00",
    "expires_at": "2026-07-15T16:00:00+00:00",
}
_VERIFIED: dict[str, Any] = {
    "id": _VOUCHER_ID,
    "batch": "SUMMER20",
    "issuer": "MALL",
    "kind": "cash_off",
    "status": "issued",
    "name": "20 off 100",
    "terms": "One a receipt. Not for tobacco.",
    "gives": _GIVES,
    "valid_from": "2026-06-15T04:00:00+00:00",
    "expires_at": "2026-07-15T16:00:00+00:00",
    "locked_until": None,
    "value": _cny("20.00"),
    "why_nothing": None,
}
_USE: dict[str, Any] = {
    "id": _VOUCHER_ID,
    "status": "used",
    "unit": "MALL",
    "source_ref": "till-7/000118",
    "value": _cny("20.00"),
    "at": "2026-06-15T04:00:00+00:00",
}

REWARD = _told(
    "A flask",
    {
        "code": "FLASK",
        "kind": "item",
        "name": "Vacuum flask",
        "terms": "At the service desk, ground floor.",
        "picture": "/pictures/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.webp",
        "provider": "MALL",
        "program": "MALL",
        "points": 1000,
        "money": _cny("9.90"),
        "pieces_an_order": 1,
        "ends_at": None,
        "stock": [{"outlet": "DESK-1", "name": "Service desk", "venue": "EAST", "unit": "MALL", "left": 12}],
        "is_for_me": True,
        "why_not": None,
    },
)
QUOTE_ASKED = _asked("What a flask would take", {"reward": "FLASK", "pieces": 1})
QUOTE = _told(
    "Two wallets pay",
    {
        "quote": "eyJtIjoi…:1uQf3K:4vT…",
        "expires_at": "2026-06-15T04:05:00+00:00",
        "program": "MALL",
        "points": 1000,
        "shares": _SHARES,
    },
)
ORDER_ASKED = _asked("A flask, as quoted", {"reward": "FLASK", "pieces": 1, "quote": "eyJtIjoi…:1uQf3K:4vT…"})
ORDER = _told("To be picked up", _PLACED)
CANCEL_ASKED = _asked("I do not want it any more", {})
CANCELLED = _told("Given up", _PLACED | {"status": "cancelled", "closed_at": "2026-06-16T02:00:00+00:00"})
VOUCHER = _told("20 off", _VOUCHER)
VOUCHER_WITH_CODE = _told(
    "20 off, to be shown", _VOUCHER | {"code": "4T0Q-9ZB2-XW6C-7K3M", "honoured_by": ["MALL"]}
)
FULFIL_ASKED = _asked("Handed over", {"outlet": "DESK-1", "receipt_ref": "till-7/000119"})
FULFILLED = _told("Handed over", _PLACED | {"status": "fulfilled", "closed_at": "2026-06-16T02:00:00+00:00"})
VERIFY_ASKED = _asked("A scanned code", {"code": "4T0Q-9ZB2-XW6C-7K3M", "sale": _cny("128.00")})
VERIFIED = _told("It takes 20 off", _VERIFIED)
USE_ASKED = _asked("A sale of 128", {"source_ref": "till-7/000118", "sale": _cny("128.00")})
USED = _told("Used", _USE)
GIVEN_BACK = _told("Given back", _USE | {"status": "issued"})
LOCK_ASKED = _asked("Keep it for ten minutes", {"source_ref": "till-7/000118", "seconds": 600})
LOCKED = _told(
    "Kept",
    _VERIFIED | {"status": "locked", "locked_until": "2026-06-15T04:10:00+00:00", "value": None},
)
SALE_ASKED = _asked("The sale that had it", {"source_ref": "till-7/000118"})
LIST_ASKED = _asked("For a night", {"hours": 12})
LIST = _told(
    "One voucher",
    {
        "id": _LIST_ID,
        "unit": "MALL",
        "salt": "c2FsdC1vZi10aGlzLWxpcw==",
        "made_at": "2026-06-15T04:00:00+00:00",
        "valid_until": "2026-06-15T16:00:00+00:00",
        "vouchers": [
            {
                "digest": _DIGEST,
                "batch": "SUMMER20",
                "kind": "cash_off",
                "name": "20 off 100",
                "gives": _GIVES,
                "valid_from": "2026-06-15T04:00:00+00:00",
                "expires_at": "2026-07-15T16:00:00+00:00",
            }
        ],
    },
)
USES_TOLD = _asked(
    "One use of the night",
    {
        "uses": [
            {
                "digest": _DIGEST,
                "source_ref": "till-7/000120",
                "used_at": "2026-06-15T05:00:00+00:00",
                "sale": _cny("128.00"),
            }
        ]
    },
)
USES_HEARD = _told(
    "It stands",
    {
        "results": [
            {
                "source_ref": "till-7/000120",
                "used_at": "2026-06-15T05:00:00+00:00",
                "outcome": "used",
                "voucher": _VOUCHER_ID,
            }
        ]
    },
)
