"""A real Chromium against the real site. Where there is none, these tests skip and say why."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from tests.operators import PASSWORD, Story, make_operator, tell_story

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Playwright runs an event loop in this thread; Django then wants to be told that its queries may wait.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/browser/" in str(item.path):
            item.add_marker("browser")
            # One browser, one process: both workers of xdist would otherwise start their own.
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for found in map(shutil.which, names) if found), None)
    if path is None:
        pytest.skip("no Chromium on this machine: `make browser` installs Debian's where it may")
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        except Error as refused:
            pytest.skip(f"{path} does not start here: {refused.message.splitlines()[0]}")
        yield started
        started.close()


@pytest.fixture
def story(transactional_db: None) -> Story:
    make_operator()
    return tell_story(members=2)


@pytest.fixture
def context(browser: Browser, live_server: object) -> Iterator[BrowserContext]:
    """A fresh profile in English, in the operators' time zone."""
    fresh = browser.new_context(
        base_url=str(live_server),
        locale="en",
        timezone_id="Asia/Shanghai",
        viewport={"width": 1360, "height": 850},
    )
    fresh.set_default_timeout(20_000)
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def operator(page: Page, story: Story) -> Page:
    """A page whose operator has signed in through the form."""
    page.goto("/admin/")
    page.fill("#id_username", "OPERATOR1")
    page.fill("#id_password", PASSWORD)
    page.click("button[type=submit]")
    page.get_by_text("The whole group").wait_for()
    return page
