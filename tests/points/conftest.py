"""A ledger with one of everything, and a watch that nothing is written to it."""

import pytest

from points.selectors import as_of
from points.selectors.audit import audit
from tests.factories import NOW
from tests.points.ledger_doors import World


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Tests beside this one keep long transactions open on the same server: an instant settles after them."""
    monkeypatch.setattr(as_of, "SETTLE_SECONDS", 60.0)


@pytest.fixture
def world(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()
    return World()


@pytest.fixture
def nothing_written(world):
    """Whatever the test did left the ledger as it was, to the last column, and clean."""
    before = world.rows()
    yield
    after = world.rows()
    assert {table: len(rows) for table, rows in after.items()} == {t: len(rows) for t, rows in before.items()}
    assert after == before
    assert audit().is_clean
