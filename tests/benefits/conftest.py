"""A mall and a member: most tests of benefits begin with them."""

import pytest

from tests.factories import make_member, make_unit


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def member():
    return make_member()
