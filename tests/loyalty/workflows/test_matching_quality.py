"""How well an import tells who is who, on public records with true labels. Without their national id."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from members.models import Enrolment, MatchCandidate
from tests.factories import make_unit
from tests.linkage_data import is_there, measured, write_list

pytest.importorskip("splink", reason="requirements-matching.txt is not installed")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def imported(name, folder):
    """(quality of links, quality of links and questions) of the set `name`, imported as one list."""
    if not is_there(name):
        pytest.skip(f"the shared data has no {name}.csv.gz (LOYALTY_SHARED_DATA)")
    unit = make_unit("MALL")
    truth = write_list(name, folder / f"{name}.csv")
    out = StringIO()
    call_command("import_members", str(folder / f"{name}.csv"), "--unit", unit.code, "--json", stdout=out)
    assert set(json.loads(out.getvalue())["rejected"]) <= {"future_date"}, "born after today: nobody"
    member_of = dict(Enrolment.objects.values_list("legacy_card", "member_id"))
    return measured(truth, member_of, MatchCandidate.objects.values_list("member_id", "other_id"))


@pytest.mark.parametrize("name", ["febrl1", "febrl2"])
def test_links_are_right_and_hardly_anybody_is_missed(name, tmp_path, settings):
    """Where call names may be linked: these records give one person now and then another given name."""
    settings.MATCH_LINK_CALL_NAMES = True

    links, candidates = imported(name, tmp_path)

    assert links.precision >= 0.999
    assert links.recall >= 0.90
    assert candidates.recall >= 0.97


@pytest.mark.parametrize("name", ["febrl1", "febrl2"])
def test_as_it_is_delivered_fewer_are_linked_and_as_many_found(name, tmp_path):
    links, candidates = imported(name, tmp_path)

    assert links.precision >= 0.999
    assert 0.75 <= links.recall < 0.90
    assert candidates.recall >= 0.95


def test_records_with_little_but_a_name_are_asked_about_rather_than_linked(tmp_path):
    """Hard: no street, garbled names and dates. Splink's own authors publish an F1 of 0.825."""
    links, candidates = imported("splink_fake_1000", tmp_path)

    assert links.precision >= 0.995
    assert candidates.f1 >= 0.78
