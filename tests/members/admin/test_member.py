"""Members on the screen: found by what they show at a desk, personal fields masked, demo data labelled."""

import pytest
from django.urls import reverse

from tests.operators import make_operator, tell_story

pytestmark = pytest.mark.django_db
LIST = reverse("admin:members_member_changelist")


@pytest.fixture
def story(client):
    told = tell_story(members=3)
    client.force_login(make_operator())
    client.cookies["django_language"] = "en"
    return told


def found(client, term):
    return [member.number for member in client.get(LIST, {"q": term}).context["cl"].result_list]


def page(member):
    return reverse("admin:members_member_change", args=[member.pk])


@pytest.mark.parametrize("phone", ["13800000000", "+86 138-0000-0000"])
def test_a_phone_in_any_usual_form_finds_its_member(client, story, phone):
    assert found(client, phone) == [story.member.number]


def test_number_and_card_find_their_member_when_whole(client, story):
    assert found(client, story.member.number) == [story.member.number]
    assert found(client, "C0") == [story.member.number]
    assert found(client, story.member.number[:6]) == []


def test_name_and_phone_show_masked_only(client, story):
    html = client.get(LIST).content.decode() + client.get(page(story.member)).content.decode()

    assert "王**" in html
    assert "王小明" not in html
    assert "138****0000" in html
    assert "13800000000" not in html


def test_the_page_shows_wallets_lots_and_statement(client, story):
    panels = {str(panel.title): panel for panel in client.get(page(story.member)).context["panels"]}

    balances = {str(row[0]): row[1] for row in panels["Wallets"].rows}
    assert balances == {"HOTELPT (HOTELPT)": "300", "MALLPT (MALLPT)": "0"}
    assert [row[2] for row in panels["Lots, in the order in which they will be spent"].rows] == ["300"]
    moved = {row[3] for row in panels["Statement"].rows}
    assert "-200 HOTELPT, -600 MALLPT" in moved
    assert panels["Activities"].rows
    assert panels["Enrolments"].rows[0][1] == "C0"


def test_a_generated_member_says_so(client, story):
    assert "no such person exists" in client.get(page(story.member)).content.decode()


def test_nobody_edits_a_member_here(client, story):
    assert client.post(page(story.member), {"name": "X"}).status_code == 403
