"""Worked examples of explanations, for the contracts: the stay, the purchase and the balance behind them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

_LOT_ID = "01954f3a-1c00-7d41-9a52-6f0b1e2d3c04"
_STAY_ID = "01954f3a-1c00-7c10-8e11-5a4b3c2d1e0f"
_PAYMENT_ID = "0197714e-6c00-7a3d-8f2e-3b1c5d7e9f01"
_EARNED = "2025-03-14T03:00:00+00:00"
_PAID = "2026-02-15T04:00:00+00:00"
_ENDS: dict[str, Any] = {"expires_at": "2026-03-31T16:00:00+00:00", "last_valid_on": "2026-03-31"}


def _line(code: str, points: int, words: str) -> dict[str, Any]:
    return {"code": code, "points": points, "words": words}


_DEBT = _line("debt", 0, "debt")

BALANCE = OpenApiExample(
    "A hotel wallet",
    value={
        "program": "HOTEL",
        "name": "Hotel points",
        "as_of": None,
        "balance": 800,
        "headline": (
            "800 = 1 lot (1,000) − 1 redemption (200); "
            "800 expire after 31 March 2026, issued by Hotel under rule 12 v3"
        ),
        "uses": [
            _line("available", 800, "Can be spent now"),
            _line("kept_for_debt", 0, "Put back beside a debt: they stand against it"),
            _line("pending", 0, "Given; can be spent later"),
            _line("held", 0, "Reserved for a sale in progress"),
            _line("expired_unswept", 0, "Expired; the nightly sweep will take them"),
            _line("debt", 0, "Owed; points to come repay it first"),
        ],
        "history": [_line("accrual", 1000, "1 accrual"), _line("redemption", -200, "1 redemption")],
        "lot_sums": [_line("lots", 1000, "1 lot"), _line("redemption", -200, "1 redemption"), _DEBT],
        "origins": [_line("accrual", 800, "1 lot issued by Hotel under rule 12 v3"), _DEBT],
        "endings": [
            {
                "points": 800,
                "lots": 1,
                **_ENDS,
                "issuer": "HOTEL",
                "rule": "earn:12 v3",
                "words": "800 expire after 31 March 2026, issued by Hotel under rule 12 v3",
            }
        ],
        "lots": {
            "next": None,
            "previous": None,
            "results": [
                {
                    "id": _LOT_ID,
                    "issuer": "HOTEL",
                    "kind": "accrual",
                    "rule": "earn:12 v3",
                    "posting": _STAY_ID,
                    "points": 1000,
                    "left": 800,
                    "held": 0,
                    "state": "available",
                    "earned_at": _EARNED,
                    "available_at": _EARNED,
                    **_ENDS,
                }
            ],
        },
    },
    response_only=True,
)
LOT = OpenApiExample(
    "A stay's points",
    value={
        "id": _LOT_ID,
        "program": "HOTEL",
        "issuer": "HOTEL",
        "points": 1000,
        "remaining": 800,
        "held": 0,
        "state": "available",
        "available_at": _EARNED,
        "headline": "800 = points given (1,000) − 1 redemption (200)",
        "sums": [_line("given", 1000, "points given"), _line("redemption", -200, "1 redemption")],
        "birth": {
            "posting": _STAY_ID,
            "kind": "accrual",
            "unit": "HOTEL",
            "source_ref": "folio-20250314-118",
            "rule": "earn:12 v3",
            "occurred_at": _EARNED,
            "words": "Accrual at Hotel on 14 March 2025 under rule 12 v3, by a partner system",
        },
        "expiry": {
            "origin": "policy",
            **_ENDS,
            "renewed_by": None,
            "words": "Good through 31 March 2026: end of the month, 12 months after earning.",
        },
        "earlier": {"draws": 0, "points": 0},
        "draws": [
            {
                "posting": _PAYMENT_ID,
                "kind": "redemption",
                "unit": "MALL",
                "points": -200,
                "left": 800,
                "occurred_at": _PAID,
                "words": "Redemption at Mall on 15 February 2026",
            }
        ],
        "holds": [],
        "made_of": [],
    },
    response_only=True,
)
_POSTING: dict[str, Any] = {
    "id": _PAYMENT_ID,
    "kind": "redemption",
    "unit": "MALL",
    "source_ref": "till-7/000118",
    "program": "MALL",
    "points": 400,
    "rule": "",
    "occurred_at": _PAID,
    "posted_at": "2026-02-15T04:00:00.014212+00:00",
    "headline": "Redemption at Mall on 15 February 2026, by a till at SHOP-7",
    "wallets": [
        {
            "program": "HOTEL",
            "points": -200,
            "sums": [
                _line("given", 0, "new lots"),
                _line("drawn", -200, "taken from lots"),
                _line("debt", 0, "repays the debt"),
            ],
            "words": "Hotel points: −200 = −taken from lots (200)",
        }
    ],
    "conversions": [
        {
            "source": "HOTEL",
            "target": "MALL",
            "spent": 200,
            "covered": 400,
            "numerator": 2,
            "denominator": 1,
            "words": "200 HOTEL × 2 → 400 MALL",
        }
    ],
    "draws": [{"lot": _LOT_ID, "program": "HOTEL", "issuer": "HOTEL", "points": 200}],
    "draws_left_out": 0,
    "lots": [],
    "lots_left_out": 0,
    "trace": [],
    "reverses": None,
    "reversals": [],
    "standing": 400,
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
POSTING = OpenApiExample("A purchase paid with hotel points", value=_POSTING, response_only=True)
PAYMENT = OpenApiExample(
    "A purchase that the hotel owes for",
    value={
        **_POSTING,
        "owed": [
            {
                "issuer": "HOTEL",
                "honoured_by": "MALL",
                "points": 200,
                "is_given_back": False,
                "amount": {"amount": "5.00", "currency": "CNY"},
                "words": "Hotel owes Mall 5 CNY for 200 points",
            }
        ],
    },
    response_only=True,
)
