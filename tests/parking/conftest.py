"""A mall and somebody who drives there: most tests of parking begin with them."""

import pytest

from tests.factories import make_unit
from tests.parking.places import make_driver


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def driver():
    return make_driver()
