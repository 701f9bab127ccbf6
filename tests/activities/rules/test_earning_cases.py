"""The shared cases of earning: how many points a basket makes by rules of every kind.

All hold under our one policy: base rules add up, the highest multiplier wins line by line and leaves fixed
points alone, a minimum is asked of what the rule looks at. Their labels and deliveries are our categories.
"""

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from activities.rules.earn_facts import Line
from activities.rules.earning import judge
from tests.activities.rules.earn_factory import book, deed, points, rule

_BESIDE = Path(__file__).resolve().parents[4] / "shared" / "data"
CASES = Path(os.environ.get("LOYALTY_SHARED_DATA") or _BESIDE) / "cases" / "ledger_cases.json"
EARNING = [f"OL-E{number:02}" for number in range(1, 13)]
# Our setting under which a case has its answer; the others hold whatever the settings.
SETTINGS = {
    "OL-E08": "a multiplier with a condition on lines multiplies those lines only",
    "OL-E11": "fixed points are not multiplied; of two multipliers each line has its highest",
    "OL-E12": "what happens to an account is an activity of the kind event, of that category",
}


@pytest.fixture(scope="module")
def cases():
    if not CASES.exists():
        pytest.skip(
            f"{CASES} is not on this machine: set LOYALTY_SHARED_DATA to the folder of the shared data"
        )
    told = json.loads(CASES.read_text(encoding="utf-8"))
    return {case["id"]: case for case in told if case["topic"] == "earn"}


def category(item):
    return "delivery" if item.get("delivery") else f"color/{item['labels'].get('color', '')}"


def rule_in(number, told):
    """One of the cases' rules as one of ours."""
    match told["type"]:
        case "points_per_unit":
            barred = [f"{name}/{value}" for name, value in told.get("exclude_labels", [])]
            barred += ["delivery"] if told.get("exclude_delivery") else []
            return rule(
                number,
                rate=told["value"],
                not_items=tuple(told.get("exclude_skus", ())),
                not_categories=tuple(barred),
                minimum_spend=Decimal(told["min_order"]) if "min_order" in told else None,
            )
        case "product_purchase":
            return rule(number, fixed=told["points"], items=(told["sku"],))
        case "multiply":
            looked = tuple(f"{name}/{value}" for name, value in told["labels"])
            return rule(number, "multiplier", factor=told["by"], categories=looked)
        case "event":
            return rule(number, fixed=told["points"], kinds=("event",), categories=(told["event"],))
        case kind:
            raise AssertionError(kind)


def test_no_case_of_earning_is_forgotten(cases):
    assert sorted(cases) == EARNING
    assert SETTINGS.keys() <= cases.keys()


@pytest.mark.parametrize("case_id", EARNING)
def test_a_case_of_earning_makes_exactly_its_points(cases, case_id):
    given, when = cases[case_id]["given"], cases[case_id]["when"]
    rules = [rule_in(number, told) for number, told in enumerate(when["rules"], 1)]
    if "event" in when:
        what = deed("0", kind="event", category=when["event"])
    else:
        lines = [
            Line(int(Decimal(item["amount"]) * 100), category(item), item["sku"]) for item in given["items"]
        ]
        what = deed(lines=tuple(lines))

    outcome = judge(book(*rules), what)

    assert points(outcome) == cases[case_id]["then"]["points"]
