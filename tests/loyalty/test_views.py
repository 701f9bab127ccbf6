"""The landing page: two languages, no script, no database, and doors that open."""

import re

import pytest
from django.urls import reverse


def test_it_speaks_chinese_unless_asked_otherwise(client):
    assert "全集团" in client.get("/").content.decode()
    assert "One membership" in client.get("/", headers={"Accept-Language": "en"}).content.decode()


def test_it_runs_no_script_and_asks_no_foreign_host(client):
    html = client.get("/").content.decode()

    assert "<script" not in html
    assert not re.findall(r"(?:src|href|action)=[\"'](?:https?:)?//", html)


@pytest.mark.django_db
def test_every_door_opens(client):
    addresses = re.findall(r'<a [^>]*href="([^"]+)"', client.get("/").content.decode())

    answers = {address: client.get(address).status_code for address in addresses}

    assert len(addresses) >= 9
    assert {a: status for a, status in answers.items() if status not in {200, 302, 503}} == {}


def test_the_language_is_kept(client):
    client.post(reverse("set_language"), {"language": "en", "next": "/"})

    assert "One membership" in client.get("/").content.decode()
