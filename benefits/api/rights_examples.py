"""One worked example for each message about entitlements.

The story: a Gold member has three free hours of parking a day, provided by the mall, honoured at the hotels.
"""

from typing import Any

from drf_spectacular.utils import OpenApiExample

from members.api.codes import CODE_SHOWN

_RIGHT = "0b7f2b9e-5d2b-5c9e-9a41-3f3a6d1c2e10"
_USAGE = "0197714e-6c00-7a3d-8f2e-3b1c5d7e9f77"
_ENTITLEMENT: dict[str, Any] = {
    "id": _RIGHT,
    "benefit": "FREE-PARKING",
    "kind": "PARKING",
    "name": "Free parking",
    "terms": "Three hours a day; not on the days of the lantern festival.",
    "provider": "MALL",
    "measure": "minutes",
    "quota": "3 h a day",
    "period": "day",
    "period_starts_on": "2026-06-15",
    "period_ends_on": "2026-06-16",
    "given": "180",
    "left": "120",
    "left_in_words": "2 h",
    "ends_at": None,
    "why": "Gold and above (rule PARK-GOLD, version 2)",
    "is_shared": False,
    "places": [{"unit": "HOTEL", "venue": None, "outlet": None, "name": "Spruce Hotels"}],
}
_USED: dict[str, Any] = {
    "id": _USAGE,
    "entitlement": _RIGHT,
    "kind": "use",
    "of": None,
    "amount": "60",
    "measure": "minutes",
    "value": {"amount": "6.00", "currency": "CNY"},
    "provider": "MALL",
    "unit": "HOTEL",
    "source_ref": "gate-7/2026-06-15/118",
    "happened_at": "2026-06-15T04:00:30+00:00",
}

MINE = OpenApiExample("Free parking", value={"results": [_ENTITLEMENT]}, response_only=True)
CODE = OpenApiExample("A code", value={**CODE_SHOWN, "entitlement": _RIGHT}, response_only=True)
VERIFY = OpenApiExample(
    "What may whoever shows this code use here?",
    value={"unit": "HOTEL", "outlet": "LAKE-DESK", "code": "1000 0000 0017 4829 1375", "kind": "PARKING"},
    request_only=True,
)
VERIFIED = OpenApiExample(
    "Free parking",
    value={
        "id": "01950000-0000-7000-8000-000000000001",
        "number": "100000000017",
        "name": "王**",
        "entitlements": [_ENTITLEMENT],
    },
    response_only=True,
)
USE = OpenApiExample(
    "An hour",
    value={
        "unit": "HOTEL",
        "outlet": "LAKE-DESK",
        "code": "1000 0000 0017 4829 1375",
        "amount": "60",
        "source_ref": "gate-7/2026-06-15/118",
    },
    request_only=True,
)
USED = OpenApiExample("Used", value=_USED, response_only=True, status_codes=["200", "201"])
REVERSE = OpenApiExample(
    "Give all of it back",
    value={"unit": "HOTEL", "usage": _USAGE, "source_ref": "gate-7/2026-06-15/118/back"},
    request_only=True,
)
REVERSED = OpenApiExample(
    "Given back",
    value={
        **_USED,
        "id": "0197714f-1100-7b21-8c44-9d0e6f5a4b31",
        "kind": "restore",
        "of": _USAGE,
        "source_ref": "gate-7/2026-06-15/118/back",
    },
    response_only=True,
    status_codes=["200", "201"],
)
