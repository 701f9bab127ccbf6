"""The first page of the admin: its figures are those of the books, and only for those who may see them."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from tests.operators import make_operator, tell_story

pytestmark = pytest.mark.django_db
INDEX = reverse("admin:index")


@pytest.fixture
def story(client):
    client.cookies["django_language"] = "en"
    return tell_story(members=3)


def test_the_figures_are_those_of_the_books(client, story):
    client.force_login(make_operator())

    context = client.get(INDEX).context

    figures = {figure.name: figure.value for figure in context["figures"]}
    # Each of three: 600 mall and 500 hotel points, 70 mall points that expired. 600 and 200 were spent.
    assert figures["Members"] == "3"
    assert figures["Active in the last 30 days"] == "3"
    assert figures["Points liability"] == "25.00 CNY"
    assert figures["Last audit of the ledger"] == "The books balance"
    rows = {str(row[0]).partition("(")[2].partition(")")[0]: row[1:] for row in context["panels"][0].rows}
    assert rows["MALLPT"] == ("2,010", "600", "210", "0", "0", "1,200", "12.00 CNY")
    assert rows["HOTELPT"] == ("1,500", "200", "0", "0", "0", "1,300", "13.00 CNY")


def test_every_figure_leads_to_a_list_that_opens(client, story):
    client.force_login(make_operator())

    for figure in client.get(INDEX).context["figures"]:
        assert client.get(figure.address).status_code == 200


def test_an_operator_sees_the_figures_of_what_they_may_look_at(client, story):
    operator = make_operator(superuser=False)
    operator.user_permissions.add(Permission.objects.get(codename="view_member"))
    client.force_login(operator)

    context = client.get(INDEX).context

    assert [figure.name for figure in context["figures"]] == ["Members"]
    assert context["panels"] == []
