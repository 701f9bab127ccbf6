"""The pages that explain, in a real browser: they are reached, lead on, and fit a phone."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from points.models import Lot, Wallet


def pages_of(story):
    wallet = Wallet.objects.get(member=story.member, program=story.hotel_points)
    lot = Lot.objects.get(wallet=wallet)
    rows = (wallet, lot, story.redemption)
    return [reverse(f"admin:points_{row._meta.model_name}_explain", args=[row.pk]) for row in rows]


def test_a_balance_leads_to_its_lot_and_the_lot_to_the_payment(operator: Page, story):
    wallet = Wallet.objects.get(member=story.member, program=story.hotel_points)
    lot = Lot.objects.get(wallet=wallet)
    operator.goto(reverse("admin:points_wallet_change", args=[wallet.pk]))
    operator.get_by_role("link", name="Explain").first.click()
    expect(operator.get_by_text("300 = 1 lot (500) − 1 redemption (200)")).to_be_visible()

    operator.get_by_role("link", name=str(lot.pk)[-8:], exact=True).click()
    expect(operator.get_by_text("300 = points given (500) − 1 redemption (200)")).to_be_visible()

    operator.get_by_role("link", name=f"Redemption {str(story.redemption.pk)[-8:]}").click()
    expect(operator.get_by_text("HOTEL owes MALL 2 CNY for 200 points")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1360])
def test_no_explanation_is_wider_than_its_screen(operator: Page, story, width):
    operator.set_viewport_size({"width": width, "height": 844})

    too_wide = []
    for address in pages_of(story):
        operator.goto(address)
        if operator.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1"):
            too_wide.append(address)

    assert too_wide == []
