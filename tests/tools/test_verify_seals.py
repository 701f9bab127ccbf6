"""The independent verifier agrees with the system's seals, and names what was changed in either."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command

from points import seal_keys
from points.selectors.seals import database_now
from points.services.sealing import seal_until
from tests.factories import give, make_member, make_program, make_unit, redeem

pytestmark = pytest.mark.django_db(transaction=True)

TOOL = Path(__file__).resolve().parents[2] / "tools" / "verify_seals.py"


@pytest.fixture
def exported(settings, tmp_path):
    """Two seals over seven postings, one posting since; the journal beside them."""
    settings.LEDGER_SEAL_DIR = tmp_path / "seals"
    unit = make_unit()
    program, member = make_program(owner=unit), make_member()
    for _ in range(5):
        give(member, program, 100)
    seal_until(ends_at=database_now())
    give(member, program, 50)
    redeem(member, program, 120, unit=unit)
    seal_until(ends_at=database_now())
    give(member, program, 7)
    call_command("export_journal", "--out", str(tmp_path / "journal.jsonl"))
    return tmp_path


def verify(folder, key=None):
    return subprocess.run(
        [
            sys.executable,
            "-I",
            TOOL,
            folder / "journal.jsonl",
            folder / "seals",
            "--key",
            key or seal_keys.public_key(),
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def changed(folder, number, change):
    path = folder / "journal.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    postings = [line for line in lines if line["type"] == "posting"]
    change(lines, postings[number])
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def test_what_was_sealed_is_verified_by_a_program_that_knows_nothing_of_the_system(exported):
    done = verify(exported)

    assert (done.returncode, done.stdout) == (0, "2 seals over 7 postings: nothing wrong\n"), done.stderr


def test_a_posting_gone_from_the_journal_is_missed(exported):
    changed(exported, 2, lambda lines, posting: lines.remove(posting))

    done = verify(exported)

    assert done.returncode == 1
    assert "seal 1: 5 postings sealed, 4 there" in done.stdout
    assert "seal 2" not in done.stdout


def test_a_changed_digest_is_missed(exported):
    changed(exported, 5, lambda _lines, posting: posting.update(digest="00" * 32))

    assert "seal 2: its root is not that of its postings" in verify(exported).stdout


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("postings", 4, "its digest is not that of what it says"),
        ("signature", "00" * 64, "the signature is not that of key"),
        ("previous", "11" * 32, "it does not follow the seal before it"),
    ],
)
def test_a_changed_seal_is_named(exported, field, value, fault):
    path = exported / "seals" / "seal-000002.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))

    done = verify(exported)

    assert done.returncode == 1
    assert f"seal 2: {fault}" in done.stdout


def test_a_seal_gone_breaks_the_chain(exported):
    (exported / "seals" / "seal-000001.json").unlink()

    assert "seal 2: it does not follow the seal before it" in verify(exported).stdout


def test_another_key_verifies_nothing(exported):
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()

    assert "which was not given" in verify(exported, base64.b64encode(other).decode()).stdout
