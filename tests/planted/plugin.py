"""A pytest plugin (`-p tests.planted.plugin`): runs each test without a bug, then with each bug it is to catch.

The bugs are named by the environment, LOYALTY_PLANTED_BUGS (their places in the list), the file for what was seen by
LOYALTY_PLANTED_SEEN. Nothing of the project is imported before tests/conftest.py has chosen the database.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from _pytest.runner import runtestprotocol


class Hunter:
    """Runs the tests of one session and writes down which bugs they saw."""

    def __init__(self, numbers: list[int], seen: str) -> None:
        self.numbers, self.path = numbers, Path(seen)
        self.caught: set[int] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """In place of pytest's own: the same test again and again, with another bug each time."""
        bugs = import_module("tests.planted.bugs").BUGS
        red = self._failure(item)
        for number in self.numbers:
            bug = bugs[number]
            if number in self.caught or not bug.is_tested_by(item.nodeid):
                continue
            if red is not None:
                self._tell(number, is_caught=False, words=f"red without a bug: {red}", seconds=0)
                continue
            started, words = time.monotonic(), None
            for _try in range(bug.tries):
                with self._with(bug) as gone:
                    words = gone or self._failure(item)
                if words is not None:
                    break
            is_caught = words is not None and not gone
            self._tell(
                number,
                is_caught=is_caught,
                words=words or "its test is green",
                seconds=time.monotonic() - started,
            )
        item.session._setupstate.teardown_exact(nextitem)
        return True

    @contextmanager
    def _with(self, bug: Any) -> Iterator[str]:
        """The bug in the database of this session; why not, where it no longer applies."""
        databases, planting = import_module("tests.databases"), import_module("tests.planted.bug")
        database = urlsplit(os.environ["DATABASE_URL"]).path.removeprefix("/")
        owner = databases.url_of(database, os.environ["LOYALTY_TEST_OWNER_URL"])
        with databases.signed_in(owner) as link:
            try:
                with planting.planted(link, bug):
                    yield ""
            except planting.NoLongerApplies as gone:
                yield f"no longer applies: {gone}"

    @staticmethod
    def _failure(item: pytest.Item) -> str | None:
        """Why the test failed, in a line; None: it did not."""
        # Its parent comes "next", so that what the session and the module set up stays.
        for report in runtestprotocol(item, log=False, nextitem=item.parent):
            if report.failed:
                crash = getattr(report.longrepr, "reprcrash", None)
                return str(crash.message if crash else report.longreprtext).strip()
        return None

    def _tell(self, number: int, *, is_caught: bool, words: str, seconds: float) -> None:
        if is_caught:
            self.caught.add(number)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([number, is_caught, words, seconds]) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """Let the hunter run the tests."""
    numbers = json.loads(os.environ["LOYALTY_PLANTED_BUGS"])
    config.pluginmanager.register(Hunter(numbers, os.environ["LOYALTY_PLANTED_SEEN"]), "hunter")
