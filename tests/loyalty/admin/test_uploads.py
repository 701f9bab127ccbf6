"""The import wizard: upload, look at what would happen, import, result; each step for those who may."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from common.models import ImportUpload, UploadState
from loyalty.workflows.uploads import work_on_uploads
from members.models import Member
from tests.factories import make_program, make_unit
from tests.loyalty.workflows.test_uploads import AT, LIST
from tests.operators import grant, make_operator

pytestmark = pytest.mark.django_db
ADD = reverse("admin:common_importupload_add")


@pytest.fixture
def mall(client):
    unit = make_unit("MALL")
    make_program("MALLPT", owner=unit)
    client.cookies["django_language"] = "en"
    return unit


@pytest.fixture
def clerk(client, mall):
    person = grant(make_operator(superuser=False, name="CLERK"), "add_importupload", "view_importupload")
    client.force_login(person)
    return person


def send(client, mall, content=LIST, **told):
    file = SimpleUploadedFile("list.csv", content.encode())
    return client.post(
        ADD, {"kind": "members", "unit": mall.pk, "program": "", "file": file} | told, follow=True
    )


def at(row, act="change"):
    return reverse(f"admin:common_importupload_{act}", args=[row.pk])


def test_three_steps_from_a_file_to_members(client, mall, clerk):
    page = send(client, mall).content.decode()
    row = ImportUpload.objects.get()
    assert "nothing is imported yet" in page
    assert 'http-equiv="refresh"' in page

    work_on_uploads(at=AT)
    page = client.get(at(row)).content.decode()
    assert "What the import would do" in page
    assert "impossible_date" in page
    assert not Member.objects.exists()

    client.post(at(row, "import"))
    work_on_uploads(at=AT)
    page = client.get(at(row)).content.decode()
    assert "What the import did" in page
    assert Member.objects.count() == 2
    assert "Import now" not in page


def test_a_refusal_is_told_above_the_form(client, mall, clerk):
    page = send(client, mall, "kind,amount\n", kind="activities").content.decode()

    assert "source_ref" in page
    assert not ImportUpload.objects.exists()


def test_a_list_of_people_needs_its_unit(client, mall, clerk):
    assert "Say whose list it is." in send(client, mall, unit="").content.decode()


def test_refused_rows_are_downloaded_by_those_who_may_and_that_is_kept(client, mall, clerk):
    send(client, mall)
    work_on_uploads(at=AT)
    row = ImportUpload.objects.get()
    assert client.get(at(row, "rejects")).status_code == 403

    client.force_login(grant(clerk, "download_rejects"))
    answer = client.get(at(row, "rejects"))

    assert answer.status_code == 200
    assert "impossible_date" in answer.content.decode()
    history = client.get(reverse("admin:common_importupload_history", args=[row.pk])).content.decode()
    assert "Refused rows downloaded." in history


@pytest.mark.parametrize("act", ["import", "discard"])
def test_who_may_only_look_acts_on_nothing(client, mall, clerk, act):
    send(client, mall)
    work_on_uploads(at=AT)
    row = ImportUpload.objects.get()
    client.force_login(grant(make_operator(superuser=False, name="GUEST1"), "view_importupload"))

    assert client.get(ADD).status_code == 403
    assert client.post(at(row, act)).status_code == 403
    row.refresh_from_db()
    assert row.state == UploadState.CHECKED


def test_without_a_broker_the_list_waits_for_the_next_minute(client, mall, clerk, settings, monkeypatch):
    from kombu.exceptions import OperationalError

    def away(*_args, **_kwargs):
        raise OperationalError("refused")

    monkeypatch.setattr("loyalty.admin.uploads.work_on_uploads.delay", away)

    send(client, mall)

    assert work_on_uploads(at=AT) == 1
