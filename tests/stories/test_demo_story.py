"""The demo's whole story with sixty households: books balance, debts cancel out, twice is once."""

import json
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from activities.models import Activity
from common.models import JobRun
from loyalty.demo import story
from loyalty.demo.sign_in import sign_in
from loyalty.demo.spending import spend_month
from loyalty.demo.story import NotOurDatabase, Story
from members.models import Member
from points.models import Draw, Entry, Posting
from tests.factories import make_unit
from units.services.partner_keys import proven_partner_key

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def tell(folder, **fields):
    return Story(folder=folder, at=AT, households=60, **fields).tell()


def rows():
    return [model.objects.count() for model in (Member, Activity, Posting, Entry, Draw)]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_year_is_told_and_its_books_balance(tmp_path):
    overview = tell(tmp_path)

    mall = next(unit for unit in overview.units if unit.unit.code == "MALL")
    assert overview.is_clean
    assert overview.sum_owed == 0
    assert mall.issued == sum(int(amount) for amount in amounts("MALL"))
    assert {unit.unit.code for unit in overview.units if unit.is_generated} == {"HOMES", "HOTEL", "OFFICE"}
    assert all(unit.others_redeemed_here and unit.redeemed_elsewhere for unit in overview.units)
    assert sum(unit.expired for unit in overview.units) > 0
    assert not Member.objects.filter(is_generated=False).exists()

    before = rows()
    again = tell(tmp_path)

    assert again == overview
    assert rows() == before


def amounts(unit):
    return Activity.objects.filter(unit__code=unit).values_list("amount", flat=True)


class Killed(BaseException):
    """What ends a process, as far as the story can tell."""


@pytest.mark.slow
@pytest.mark.django_db
def test_a_story_killed_in_the_middle_ends_as_if_told_in_one_go(tmp_path, monkeypatch):
    with transaction.atomic():
        whole = figures(tell(tmp_path))
        transaction.set_rollback(True)

    def spend_and_die(month, *, seed):
        spent = spend_month(month, seed=seed)
        if str(month) == "2026-06":
            raise Killed
        return spent

    with pytest.raises(Killed):
        tell(tmp_path / "first", show=killer("activities MALL"))
    with monkeypatch.context() as dying:
        dying.setattr(story, "spend_month", spend_and_die)
        with pytest.raises(Killed):
            tell(tmp_path / "second")
    resumed = tell(tmp_path / "third")

    assert figures(resumed) == whole


def killer(chapter):
    def show(name, _outcome, _was_told):
        if name == chapter:
            raise Killed

    return show


def figures(overview):
    return [
        (unit.unit.code, unit.issued, unit.expired, unit.redeemed_elsewhere, unit.owed_by_others)
        for unit in overview.units
    ]


@pytest.mark.django_db(transaction=True)
def test_a_chapter_that_fails_stops_the_story_and_is_told_again(tmp_path, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(story, "call_command", lambda *_a, **_k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            Story(folder=tmp_path, at=AT, households=3).tell()
    failed = JobRun.objects.get(job="demo", period="members MALL").outcome

    Story(folder=tmp_path, at=AT, households=3).tell()

    assert failed == {"failed": "ZeroDivisionError"}
    assert Member.objects.count() == 3


@pytest.mark.django_db
def test_somebody_elses_database_is_left_alone(tmp_path):
    make_unit("THEIRS")

    with pytest.raises(NotOurDatabase):
        tell(tmp_path)


@pytest.mark.django_db
def test_production_tells_no_stories(settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="production"):
        call_command("demo", "--no-serve")
    with pytest.raises(CommandError, match="production"):
        call_command("seed")


@pytest.mark.django_db(transaction=True)
def test_the_secrets_shown_work_and_are_shown_again(tmp_path, client):
    Story(folder=tmp_path, at=datetime.now(UTC), households=3).tell()
    file = tmp_path / "sign_in.json"

    shown = sign_in(file, at=datetime.now(UTC))

    assert sign_in(file, at=datetime.now(UTC)) == shown
    assert file.stat().st_mode & 0o077 == 0
    assert client.login(username=shown.operator, password=shown.password)
    assert proven_partner_key(shown.partner_token) is not None
    answer = client.get("/api/v1/me/wallets", headers={"Authorization": f"Bearer {shown.member_token}"})
    assert answer.status_code == 200, answer.content


@pytest.mark.django_db(transaction=True)
def test_without_their_file_the_old_secrets_end(tmp_path):
    Story(folder=tmp_path, at=datetime.now(UTC), households=3).tell()
    file = tmp_path / "sign_in.json"
    old = sign_in(file, at=datetime.now(UTC))
    file.unlink()

    new = sign_in(file, at=datetime.now(UTC))

    assert proven_partner_key(old.partner_token) is None
    assert json.loads(file.read_text())["password"] == new.password != old.password
