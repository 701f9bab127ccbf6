"""A member token proves its member until it expires, and nobody else."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from common import clock
from members.models import Member, MemberStatus, MemberToken
from members.services.tokens import MemberClosed, end_member_tokens, issue_member_token, proven_member
from tests.factories import NOW
from tests.members.factories import numbered_member, token_of

pytestmark = pytest.mark.django_db


def test_a_token_proves_its_member_alone():
    member, other = numbered_member(), numbered_member()
    token, others = token_of(member), token_of(other)

    assert proven_member(token=token, at=NOW) == member
    assert proven_member(token=others, at=NOW) == other


def test_a_token_is_good_until_the_instant_it_expires():
    token = token_of(numbered_member(), lifetime=timedelta(hours=1))

    assert proven_member(token=token, at=NOW + timedelta(minutes=59)) is not None
    assert proven_member(token=token, at=NOW + timedelta(hours=1)) is None
    assert proven_member(token=token, at=NOW - timedelta(seconds=1)) is None


def test_the_token_is_stored_nowhere():
    token = token_of(numbered_member())

    assert token.removeprefix("lm_") not in str(MemberToken.objects.values().get())


@pytest.mark.parametrize("change", [
    lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
    lambda token: token + "A",
    lambda token: token.replace("lm_", "lp_"),
    lambda token: token + "\n",
    lambda _token: "",
    lambda _token: "lm_" + "\x00" * 43,
])  # fmt: skip
def test_a_changed_token_proves_nobody(change):
    token = token_of(numbered_member())

    assert proven_member(token=change(token), at=NOW) is None


def test_a_frozen_member_still_reads_and_a_closed_one_does_not():
    member = numbered_member()
    token = token_of(member)

    Member.objects.update(status=MemberStatus.FROZEN)
    assert proven_member(token=token, at=NOW) == member
    Member.objects.update(status=MemberStatus.CLOSED)
    assert proven_member(token=token, at=NOW) is None


def test_a_closed_member_gets_no_token():
    with pytest.raises(MemberClosed):
        token_of(numbered_member(status=MemberStatus.CLOSED))


def test_ended_tokens_are_refused_at_once_and_others_stay():
    member, other = numbered_member(), numbered_member()
    tokens, others = [token_of(member), token_of(member)], token_of(other)

    assert end_member_tokens(member=member, at=NOW) == 2

    assert [proven_member(token=token, at=NOW) for token in tokens] == [None, None]
    assert proven_member(token=others, at=NOW) == other


def test_the_database_refuses_a_token_that_ends_before_it_starts():
    with pytest.raises(IntegrityError, match="member_token_ends_after_its_start"):
        issue_member_token(member=numbered_member(), by="test", at=NOW, lifetime=timedelta(seconds=-1))


def test_the_command_prints_a_token_that_works_now(capsys):
    member = numbered_member()

    call_command("issue_member_token", member.number)

    assert proven_member(token=capsys.readouterr().out.strip(), at=clock.now()) == member


@pytest.mark.parametrize("arguments", [["792739871300"], ["x"], ["{number}", "--days", "0"]])
def test_the_command_refuses_nobody_and_no_time(arguments):
    number = numbered_member().number

    with pytest.raises(CommandError):
        call_command("issue_member_token", *[argument.format(number=number) for argument in arguments])
