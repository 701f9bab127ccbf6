"""A mapping makes rows of ours of foreign ones, or says in one sentence what is wrong with it."""

import pytest
from django.utils import translation

from activities.rules.mapping import BadMapping, map_row, read_mapping

TOLD = {
    "nulls": ["NULL"],
    "skip": [
        {"column": "state", "in": ["void"], "else": "void"},
        {"column": "qty", "below": 1, "else": "adjustment", "unless": {"column": "no", "matches": "^C"}},
    ],
    "returns": {"column": "no", "matches": "^C"},
    "columns": {
        "source_ref": {"text": "inv-{no}"},
        "kind": {"value": "purchase"},
        "member_ref": {"column": "customer", "without": "\\.0$"},
        "amount": {"product": ["price", ["qty", "free"]], "negate": True},
        "quantity": {"sum": ["qty", "free"]},
        "period_starts_on": {"date": ["y", "m", "d"]},
        "period_ends_on": {"date": ["y", "m", "d"], "plus_days": ["qty"]},
    },
}
ROW = {"no": "7", "state": "", "customer": "12.0", "price": "1.005", "qty": "2", "free": None}
ROW |= {"y": "2015", "m": "July", "d": "31"}


def cells(**changed):
    return map_row(read_mapping(TOLD), ROW | changed).cells


def test_each_recipe_makes_its_cell():
    assert cells() == {
        "source_ref": "inv-7",
        "kind": "purchase",
        "member_ref": "12",
        "amount": "2.01",
        "quantity": "2",
        "period_starts_on": "2015-07-31",
        "period_ends_on": "2015-08-02",
    }
    assert cells(m="2", d="27")["period_ends_on"] == "2015-03-01"
    assert "member_ref" not in cells(customer="NULL")


def test_a_channel_may_be_mapped():
    told = {**TOLD, "columns": {**TOLD["columns"], "channel": {"value": "app"}}}

    assert map_row(read_mapping(told), ROW).cells["channel"] == "app"


def test_rows_are_left_out_by_their_reason_and_returns_are_told_apart():
    mapping = read_mapping(TOLD)

    assert map_row(mapping, ROW | {"state": "void"}).skipped == "void"
    assert map_row(mapping, ROW | {"qty": "-1"}).skipped == "adjustment"
    back = map_row(mapping, ROW | {"qty": "-1", "no": "C8"})
    assert (back.is_return, back.cells["amount"]) == (True, "1.01")


@pytest.mark.parametrize("wrong", [{"price": "x"}, {"price": "NaN"}, {"m": "Juli"}, {"d": "32"}])
def test_what_is_no_number_or_date_says_which_column(wrong):
    with pytest.raises(ValueError, match=r"amount|period"):
        cells(**wrong)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ([], "top level"),
        ({"columns": None}, "no columns"),
        ({"colums": {}}, "colums"),
        ({"columns": {"price": {"column": "x"}}}, r"columns\.price"),
        ({"columns": {"amount": {"column": "x", "value": "1"}}}, r"columns\.amount"),
        ({"columns": {"amount": {"colunm": "x"}}}, r"columns\.amount"),
        ({"columns": {}, "skip": [{"in": []}]}, r"skip\.0"),
        ({"columns": {}, "skip": [{"column": "x", "matches": "("}]}, r"skip\.0"),
        ({"columns": {}, "returns": {"column": "x", "like": "y"}}, "returns"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_where(wrong, where):
    with translation.override("en"), pytest.raises(BadMapping, match=where):
        read_mapping(wrong)
