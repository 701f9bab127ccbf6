"""The queue of match candidates, worked through by keys alone."""

from datetime import date

import pytest
from playwright.sync_api import Page, expect

from members.models import MatchCandidate, Member
from tests.factories import NOW
from tests.members.factories import numbered_member


@pytest.fixture
def asked(story) -> list[MatchCandidate]:
    """Three questions, the likest first."""
    return [
        MatchCandidate.objects.create(
            member=numbered_member(
                name="王晓明", birth_date=date(1985, 6, 17), address="上海市浦东新区世纪大道88弄"
            ),
            # Nobody of the story: a sale in progress would stand in the way of a merge.
            other=numbered_member(name="Wang Xiaoming"),
            unit=story.mall,
            score=0.9 - number / 10,
            veto="phones_differ" if number == 0 else "",
            evidence={
                "name": "sounds_same",
                "birth_date": "same",
                "address": "nearly_same",
                "phone": "different",
            },
            created_at=NOW,
        )
        for number in range(3)
    ]


def test_a_queue_is_worked_through_by_keys(operator: Page, asked):
    page = operator
    page.goto("/admin/members/matchcandidate/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{asked[0].pk}/change/")

    page.keyboard.press("j")
    page.wait_for_url(f"**/{asked[1].pk}/change/")
    page.keyboard.press("k")
    page.wait_for_url(f"**/{asked[0].pk}/change/")
    page.keyboard.press("s")
    page.wait_for_url(f"**/membermerge/merge/?candidate={asked[0].pk}")
    page.get_by_role("button", name="Merge").click()
    page.wait_for_url(f"**/{asked[1].pk}/change/")
    page.keyboard.press("d")
    page.wait_for_url(f"**/{asked[2].pk}/change/")

    states = list(MatchCandidate.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["same", "different", "open"]


def test_keys_that_are_typed_decide_nothing(operator: Page, asked):
    page = operator
    page.goto(f"/admin/members/matchcandidate/{asked[0].pk}/change/")
    expect(page.locator("mark.ly-differs").first).to_be_visible()
    page.keyboard.press("Control+s")

    assert set(MatchCandidate.objects.values_list("state", flat=True)) == {"open"}
    assert Member.objects.filter(asked_about__isnull=False).count() == 3
