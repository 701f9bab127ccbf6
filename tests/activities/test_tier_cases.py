"""The six shared cases on tiers, through the real services. Their amounts are credits of the period.

`manually_assigned` is a level given by hand: a floor. `current` is what was held before the review.
"""

import json
from datetime import date, datetime

import pytest
from django.db import transaction

from activities.models import TierGrant, TierStanding
from activities.services.tier_assessing import assess_members
from members.models import Tier, TierHeld
from members.selectors.tiers import tier_of
from tests.activities.tiering import AT, make_scheme, record, sale
from tests.factories import make_member, make_unit
from tests.points.test_ledger_cases import CASES

# After the review of what was reached in YEAR, with the year's grace over.
YEAR, REVIEW = "2024-01-10", datetime(2025, 5, 1, 4, tzinfo=AT.tzinfo)
TIERS = [f"OL-T{number:02}" for number in range(1, 7)]


@pytest.fixture(scope="module")
def cases():
    if not CASES.exists():
        pytest.skip(f"{CASES} is not on this machine: set LOYALTY_SHARED_DATA to its folder")
    return {case["id"]: case for case in json.loads(CASES.read_text(encoding="utf-8"))}


def test_every_case_on_tiers_is_run(cases):
    assert [case_id for case_id, case in cases.items() if case["topic"] == "tier"] == TIERS


@pytest.mark.django_db
@pytest.mark.parametrize("case_id", TIERS)
def test_a_case_of_the_ladder_ends_as_it_says(cases, case_id):
    given, when, then = (cases[case_id][part] for part in ("given", "when", "then"))
    ladder = _ladder(given["levels"])
    asked = {level["id"]: level["from_"] for level in given["levels"]}
    make_scheme(asked=[asked.get(tier.code) or None for tier in ladder])
    unit, member = make_unit(), make_member()
    current = given.get("current")
    if asked.get(current):
        record(unit, sale(member, asked[current], day=YEAR), at=datetime(2024, 1, 10, 4, tzinfo=AT.tzinfo))
        assert tier_of(member.pk).code == current
    if "manually_assigned" in given:
        TierGrant.objects.create(
            member=member,
            tier=Tier.objects.get(code=given["manually_assigned"]),
            starts_on=date(2024, 1, 1),
            reason="the case says so",
            given_by="test",
            given_at=AT,
        )

    if when.get("qualifying_amount"):
        record(unit, sale(member, when["qualifying_amount"], day="2025-04-20"), at=REVIEW)
    with transaction.atomic():
        assess_members(member_ids=[member.pk], by="test", at=REVIEW)

    assert tier_of(member.pk).code == (then["move_to"] or current)
    assert TierStanding.objects.filter(pk=member.pk).exists()
    assert TierHeld.objects.filter(member=member).count() <= 1


def _ladder(levels):
    """The case's levels; where its lowest has to be earned, everybody begins on one below it."""
    below = [] if levels[0]["from_"] == 0 else ["NONE"]
    names = [*below, *(level["id"] for level in levels)]
    return [
        Tier.objects.create(code=code, level=place, name_zh=code, name_en=code)
        for place, code in enumerate(names)
    ]
