"""A partner key is shown once, proven by its secret, and dead from the moment it is revoked."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from tests.factories import NOW, make_unit
from units.models import PartnerKey
from units.services.partner_keys import (
    KeyWithoutUnit,
    UnknownScope,
    issue_partner_key,
    proven_partner_key,
    revoke_partner_key,
)

pytestmark = pytest.mark.django_db


def issue(**fields):
    given = {"name": "POS", "scopes": ["points:redeem"], "by": "test", "at": NOW} | fields
    return issue_partner_key(units=given.pop("units", None) or [make_unit()], **given)


def test_a_token_proves_its_key():
    key, token = issue()

    assert proven_partner_key(token) == key


def test_the_token_is_stored_nowhere(admin_connection):
    key, token = issue()
    secret = token.removeprefix(f"lp_{key.prefix}_")

    stored = PartnerKey.objects.values().get(pk=key.pk)

    assert secret not in str(stored)
    assert secret.encode() not in bytes(stored["secret_sha256"])
    assert len(bytes(stored["secret_sha256"])) == 32


def test_two_keys_share_neither_prefix_nor_secret():
    (first, one), (second, other) = issue(), issue()

    assert first.prefix != second.prefix
    assert one != other


@pytest.mark.parametrize("change", [
    lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
    lambda token: token + "A",
    lambda token: token[:-1],
    lambda token: token.upper(),
    lambda token: token.replace("lp_", "lm_"),
    lambda token: "lp_000000000000_" + token.split("_", 2)[2],
    lambda token: token + "\n",
    lambda _token: "",
    lambda _token: "lp__",
    lambda _token: "lp_\x00_\x00",
])  # fmt: skip
def test_a_changed_token_proves_nothing(change):
    _key, token = issue()

    assert proven_partner_key(change(token)) is None


def test_the_secret_of_one_key_does_not_open_another():
    (first, _one), (_second, other) = issue(), issue()

    assert proven_partner_key(f"lp_{first.prefix}_{other.split('_', 2)[2]}") is None


def test_a_revoked_key_is_refused_at_once():
    key, token = issue()

    revoke_partner_key(key=key, by="operator:1", at=NOW)

    assert proven_partner_key(token) is None


def test_revoking_twice_keeps_the_first_word():
    key, _token = issue()
    revoke_partner_key(key=key, by="operator:1", at=NOW)

    again = revoke_partner_key(key=key, by="operator:2", at=NOW + timedelta(days=1))

    assert (again.revoked_by, again.revoked_at) == ("operator:1", NOW)


def test_a_key_says_who_issued_it_and_when():
    key, _token = issue(by="operator:7")

    assert (key.issued_by, key.created_at) == ("operator:7", NOW)


def test_the_database_refuses_a_revocation_by_nobody():
    key, _token = issue()

    with pytest.raises(IntegrityError, match="partner_key_says_who_revoked_it"):
        PartnerKey.objects.filter(pk=key.pk).update(revoked_at=NOW)


@pytest.mark.parametrize("scopes", [[], ["points:*"], ["points:redeem", "admin"]])
def test_only_known_scopes_are_issued(scopes):
    with pytest.raises(UnknownScope):
        issue(scopes=scopes)

    assert not PartnerKey.objects.exists()


def test_a_key_needs_a_unit():
    with pytest.raises(KeyWithoutUnit):
        issue_partner_key(name="POS", units=[], scopes=["points:redeem"], by="test", at=NOW)


def test_the_command_prints_a_token_that_proves_the_key(capsys):
    unit = make_unit("MALL")

    call_command("issue_partner_key", "POS", "--unit", "MALL", "--scope", "points:quote")

    key = proven_partner_key(capsys.readouterr().out.strip())
    assert (list(key.units.all()), key.scopes) == ([unit], ["points:quote"])


def test_the_command_refuses_an_unknown_unit():
    with pytest.raises(CommandError, match="NOWHERE"):
        call_command("issue_partner_key", "POS", "--unit", "NOWHERE")
