"""Partner keys on the screen: the token shows once, the key opens, a revoked one does not."""

import pytest
from django.urls import reverse

from tests.factories import make_unit
from tests.operators import make_operator
from units.models import PartnerKey
from units.services.partner_keys import proven_partner_key

pytestmark = pytest.mark.django_db
ISSUE = reverse("admin:units_partnerkey_issue")


@pytest.fixture
def mall(client):
    client.force_login(make_operator())
    return make_unit("MALL")


def issue(client, unit):
    return client.post(ISSUE, {"name": "Tills", "units": [unit.pk], "scopes": ["points:quote"]})


def test_the_token_shows_once_and_proves_the_key(client, mall):
    answer = issue(client, mall)

    token, key = answer.context["token"], PartnerKey.objects.get()
    assert token in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert proven_partner_key(token) == key
    assert key.issued_by.startswith("user:")
    page = client.get(reverse("admin:units_partnerkey_change", args=[key.pk])).content.decode()
    assert token not in page
    assert token.rpartition("_")[2] not in page


def test_a_revoked_key_proves_nothing(client, mall):
    token = issue(client, mall).context["token"]
    key = PartnerKey.objects.get()

    client.post(reverse("admin:units_partnerkey_revoke", args=[key.pk]))

    key.refresh_from_db()
    assert key.revoked_by.startswith("user:")
    assert proven_partner_key(token) is None


def test_a_key_without_a_unit_is_refused_on_the_form(client, mall):
    answer = client.post(ISSUE, {"name": "Tills", "scopes": ["points:quote"]})

    assert "units" in answer.context["form"].errors
    assert not PartnerKey.objects.exists()


def test_an_operator_without_the_right_issues_nothing(client, mall):
    client.force_login(make_operator(superuser=False, name="COUNTER"))

    assert issue(client, mall).status_code == 403
    assert not PartnerKey.objects.exists()
