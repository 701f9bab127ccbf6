"""An operator at work in a real browser: member, ledger, rates; nothing is asked of a foreign host."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from common import clock
from points.models import ExchangeRate, Posting
from tests.browser.pages import ADDRESSES


def test_a_member_is_found_and_shows_wallets_lots_and_statement(operator: Page, story):
    operator.locator("#nav-sidebar-apps").get_by_role("link", name="Members").click()
    operator.fill("#searchbar", "13800000000")
    operator.keyboard.press("Enter")
    operator.get_by_role("link", name=story.member.number).click()

    for title in ("Wallets", "Lots, in the order in which they will be spent", "Statement", "Enrolments"):
        expect(operator.get_by_role("heading", name=title, exact=True)).to_be_visible()
    wallet = operator.locator("section", has=operator.get_by_role("heading", name="Wallets")).first
    expect(wallet.get_by_role("row", name=re.compile("HOTELPT.*300"))).to_be_visible()
    expect(operator.get_by_text("no such person exists")).to_be_visible()


def test_the_ledger_offers_nothing_to_change(operator: Page, story):
    for model in ("posting", "entry", "lot", "draw", "wallet"):
        operator.goto(f"/admin/points/{model}/")
        operator.locator("#result_list tbody a").first.click()
        expect(operator.locator("#content-main")).to_be_visible()

        assert operator.locator("[name=_save], a[href$='/delete/'], a[href$='/add/']").count() == 0


def test_an_overlapping_rate_is_refused_in_words(operator: Page, story):
    tomorrow = timezone.localtime(clock.now() + timedelta(days=1))
    operator.goto("/admin/points/rateproposal/add/")
    operator.select_option("#id_source", str(story.hotel_points.pk))
    operator.select_option("#id_target", str(story.mall_points.pk))
    operator.fill("#id_numerator", "3")
    operator.fill("#id_starts_at_0", f"{tomorrow:%Y-%m-%d}")
    operator.fill("#id_starts_at_1", "00:00:00")
    operator.uncheck("#id_is_successor")
    operator.get_by_role("button", name="Save", exact=True).click()

    expect(operator.get_by_text("1 HOTELPT = 2 MALLPT is in force in that time")).to_be_visible()
    assert ExchangeRate.objects.count() == 1


def test_a_figure_leads_to_its_rows(operator: Page, story):
    operator.get_by_role("link", name=re.compile("^Points liability")).click()

    expect(operator).to_have_url(re.compile("/admin/points/lot/.*is_open"))


def test_the_language_can_be_chosen_in_the_admin(operator: Page, story):
    operator.get_by_text("OPERATOR1").first.click()
    operator.get_by_role("button", name=re.compile("简体中文")).click()

    expect(operator.get_by_text("全集团，截至")).to_be_visible()


def test_no_page_asks_a_foreign_host_or_raises_an_error(operator: Page, story, live_server):
    own = str(live_server)
    asked, failed = [], []
    operator.on("request", lambda request: asked.append(request))  # noqa: PLW0108 -- Playwright wants a function
    operator.on("pageerror", lambda error: failed.append(str(error)))
    operator.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
    member, posting = story.member.pk, Posting.objects.first().pk

    for address in (
        *ADDRESSES,
        f"/admin/members/member/{member}/change/",
        f"/admin/points/posting/{posting}/change/",
    ):
        operator.goto(address)

    assert len(asked) > len(ADDRESSES)
    # ReDoc names a logo on its maker's host; the page's policy stops it before it leaves the browser.
    left = [request.url for request in asked if "csp" not in (request.failure or "").lower()]
    assert {url for url in left if not url.startswith((own, "data:", "blob:"))} == set()
    assert failed == []


@pytest.mark.parametrize("width", [390, 1360])
def test_no_page_is_wider_than_its_screen(operator: Page, story, width):
    operator.set_viewport_size({"width": width, "height": 844})
    member = f"/admin/members/member/{story.member.pk}/change/"

    too_wide = []
    for address in ("/", "/admin/", member, "/admin/points/posting/", "/admin/points/rateproposal/add/"):
        operator.goto(address)
        if operator.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1"):
            too_wide.append(address)

    assert too_wide == []
