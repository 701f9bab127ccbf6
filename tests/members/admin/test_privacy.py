"""Privacy at the desk: masked until somebody with the right says why; consents and texts as they are said."""

import pytest
from django.test import Client

from members.data_keys import destroy_keys
from members.models import ConsentEvent, ConsentText, DataAccess
from members.selectors.consents import texts_in_force
from tests.factories import NOW, make_unit
from tests.members.factories import enrol
from tests.operators import grant, make_operator

pytestmark = pytest.mark.django_db
PHONE = "+8613812345678"


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def ann(mall):
    return enrol(mall, phone=PHONE, name="安娜").member


def desk(*rights):
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(grant(make_operator(superuser=False), "view_member", *rights))
    return client


def act(member, name):
    return f"/admin/members/member/{member.pk}/{name}/"


def test_the_list_is_masked_and_a_whole_phone_still_finds_its_member(ann):
    page = desk().get("/admin/members/member/", {"q": "138 1234 5678"}).content.decode()

    assert ann.number in page
    assert "安*" in page
    assert "安娜" not in page


def test_who_may_not_look_sees_no_more_than_masks(ann):
    client = desk()

    assert client.post(act(ann, "reveal"), {"what": ["phone"], "reason": "x"}).status_code == 403
    page = client.get(f"/admin/members/member/{ann.pk}/change/").content.decode()
    assert "138****5678" in page
    assert PHONE not in page
    assert not DataAccess.objects.exists()


def test_who_may_look_says_why_and_sees_it_once(ann):
    client = desk("reveal_member")

    refused = client.post(act(ann, "reveal"), {"what": ["phone"], "reason": " "})
    assert PHONE not in refused.content.decode()
    shown = client.post(act(ann, "reveal"), {"what": ["phone", "name"], "reason": "lost parcel"})

    assert PHONE in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert PHONE not in client.get(act(ann, "reveal")).content.decode()
    assert DataAccess.objects.get().reason == "lost parcel"
    page = client.get(f"/admin/members/member/{ann.pk}/change/").content.decode()
    assert "lost parcel" in page, "the look shows on the member's page"


def test_a_word_said_at_the_desk_is_kept(ann):
    hotel = make_unit("HOTEL", "hotel")
    client = desk("add_consentevent")
    said = {"purpose": "share", "unit": hotel.pk, "act": "given"}

    assert "share-1" in client.get(act(ann, "consent")).content.decode(), "the text is there to be read"
    assert client.post(act(ann, "consent"), said).status_code == 302
    client.post(act(ann, "consent"), {**said, "act": "withdrawn"})

    assert [(one.act, one.channel) for one in ConsentEvent.objects.order_by("id")] == [
        ("given", "desk"),
        ("withdrawn", "desk"),
    ]


def test_a_new_text_is_published_and_an_old_one_stays():
    client = Client()
    client.force_login(make_operator())
    told = {
        "purpose": "share",
        "version": "share-2",
        "title_zh": "题",
        "title_en": "T",
        "words_zh": "文",
        "words_en": "W",
        "asks_again": "on",
    }

    assert client.post("/admin/members/consenttext/add/", told).status_code == 302

    text = ConsentText.objects.get(version="share-2")
    assert text.asks_again
    assert texts_in_force()[0] == text
    old = ConsentText.objects.get(version="share-1")
    changed = client.post(f"/admin/members/consenttext/{old.pk}/change/", told | {"version": "x"})
    assert changed.status_code == 403


def test_the_page_of_who_was_erased_says_so(ann):
    page = f"/admin/members/member/{ann.pk}/change/"
    client = desk()
    before = client.get(page).content.decode()
    destroy_keys([ann.pk])

    after = client.get(page).content.decode()

    assert ('data-testid="erased"' in before, 'data-testid="erased"' in after) == (False, True)


@pytest.mark.parametrize("screen", ["consenttext", "dataaccess", "erasure"])
def test_each_screen_opens(screen, ann):
    client = Client()
    client.force_login(make_operator())

    assert client.get(f"/admin/members/{screen}/").status_code == 200
