"""The demo's operators: each office opens the pages that are made for it."""

import pytest
from django.urls import reverse

from loyalty.demo.offices import open_offices

pytestmark = pytest.mark.django_db(transaction=True)


def test_finance_and_head_office_open_the_liability_and_the_seals(client):
    for person in open_offices():
        client.force_login(person)

        assert client.get(reverse("admin:points_liability")).status_code == 200
        assert client.get(reverse("admin:points_seal_changelist")).status_code == 200
