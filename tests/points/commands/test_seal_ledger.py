"""The command seals what is over, says refusals in one line, and tells the public key."""

import base64
import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from points import seal_keys
from points.models import Seal
from points.selectors.seals import database_now
from points.tasks import seal_ledger
from tests.factories import give, make_member, make_program, make_unit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def seal_folder(settings, tmp_path):
    settings.LEDGER_SEAL_DIR = tmp_path / "seals"


@pytest.fixture
def posting():
    unit = make_unit()
    return give(make_member(), make_program(owner=unit), 100)


def said(*arguments):
    out = StringIO()
    call_command("seal_ledger", *arguments, stdout=out)
    return out.getvalue()


def test_it_seals_until_an_instant_and_says_what(posting):
    until = database_now()

    line = json.loads(said("--until", until.isoformat()))

    assert (line["seal"], line["postings"], line["until"]) == (1, 1, until.isoformat())
    assert line["digest"] == bytes(Seal.objects.get().digest).hex()


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("soon", "not an ISO 8601 instant"),
        ("2026-01-01T00:00:00", "no offset"),
        ("2100-01-01T00:00:00Z", "instant_yet_to_come"),
    ],
)
def test_what_cannot_be_sealed_is_refused_in_one_line(posting, until, words):
    with pytest.raises(CommandError, match=words):
        said("--until", until)

    assert not Seal.objects.exists()


def test_the_public_key_is_32_bytes_and_not_the_private_one(settings):
    told = said("--public-key").strip()

    assert told == seal_keys.public_key()
    assert len(base64.b64decode(told)) == 32
    assert told != settings.LEDGER_SEAL_KEY


def test_the_job_seals_the_days_that_are_over_and_says_how_many_postings(posting):
    outcome = seal_ledger(as_of=(database_now() + timedelta(days=3)).isoformat())

    assert outcome == {"seals": [seal.number for seal in Seal.objects.all()], "postings": 0}
