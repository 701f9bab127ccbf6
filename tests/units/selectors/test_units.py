"""Units and outlets are found by code, each within its own scope."""

import pytest

from common.errors import NotFound
from tests.factories import make_outlet, make_unit
from units.selectors.units import outlet_by_code, outlet_ids_by_code, outlets_of, unit_by_code

pytestmark = pytest.mark.django_db


def test_a_unit_is_found_by_its_code():
    unit = make_unit("MALL")

    assert unit_by_code("MALL") == unit


@pytest.mark.parametrize("code", ["", "mall", "NOWHERE", "MALL ", "M\x00", "M" * 5000, "' OR 1=1 --"])
def test_another_code_finds_nothing(code):
    make_unit("MALL")

    with pytest.raises(NotFound):
        unit_by_code(code)


def test_a_unit_outside_the_scope_looks_absent():
    inside = make_unit("INSIDE")
    make_unit("OUTSIDE")

    assert unit_by_code("INSIDE", among=[inside]) == inside
    with pytest.raises(NotFound):
        unit_by_code("OUTSIDE", among=[inside])


def test_an_outlet_is_looked_for_in_its_unit_only():
    mall, hotel = make_unit(), make_unit()
    ours, theirs = make_outlet(mall, "S1"), make_outlet(hotel, "S1")
    make_outlet(hotel, "S2")

    assert outlet_by_code("S1", unit=mall) == ours != theirs
    with pytest.raises(NotFound):
        outlet_by_code("S2", unit=mall)
    with pytest.raises(NotFound):
        outlet_by_code("S1\x00", unit=mall)


def test_all_outlets_of_a_unit_come_in_one_query(django_assert_num_queries):
    mall = make_unit()
    outlets = [make_outlet(mall, f"S{n}") for n in range(20)]
    make_outlet(make_unit(), "OTHER")

    with django_assert_num_queries(1):
        ids = outlet_ids_by_code(mall)
    with django_assert_num_queries(1):
        listed = [(outlet.code, outlet.venue.code) for outlet in outlets_of(mall)]

    assert ids == {outlet.code: outlet.pk for outlet in outlets}
    assert [code for code, _venue in listed] == sorted(ids)
