"""Adjustments on the screen: asked at a member's or a wallet's page, decided by another operator, once."""

import re

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from points.models import AdjustmentLimit, AdjustmentRequest, Posting, Wallet
from tests.factories import balance
from tests.operators import grant, make_operator, tell_story

pytestmark = pytest.mark.django_db
ASK = reverse("admin:points_adjustmentrequest_ask")
LIST = reverse("admin:points_adjustmentrequest_changelist")
VIEW = ("view_adjustmentrequest", "view_member", "view_wallet")
ACTS = ("approve", "reject", "withdraw")


@pytest.fixture
def story(client):
    told = tell_story()
    client.cookies["django_language"] = "en"
    return told


def operator(name, *codenames, **limits):
    person = grant(make_operator(superuser=False, name=name), *VIEW, *codenames)
    group = Group.objects.create(name=name)
    AdjustmentLimit.objects.create(group=group, **limits)
    person.groups.add(group)
    return person


@pytest.fixture
def desk(story, client):
    person = operator("DESK", "can_ask_adjustment", alone_max=100, alone_day_max=150)
    client.force_login(person)
    return person


@pytest.fixture
def boss(story):
    return operator("BOSS", "can_approve_adjustment", "can_ask_adjustment", approve_max=5000)


def ask(client, story, points, **told):
    page = client.get(ASK)
    said = {
        "request_id": page.context["form"]["request_id"].value(),
        "member": story.member.number,
        "program": story.mall_points.pk,
        "unit": story.mall.pk,
        "points": points,
        "category": "missing",
        "reason": "The till was offline.",
    }
    return client.post(ASK, said | told, follow=True)


def at(request, act="change"):
    return reverse(f"admin:points_adjustmentrequest_{act}", args=[request.pk])


def told_in(answer):
    return [str(message) for message in answer.context["messages"]]


def test_a_small_one_is_posted_at_once_and_its_page_says_so(client, story, desk):
    before = balance(story.member, story.mall_points)

    answer = ask(client, story, 100)

    request = AdjustmentRequest.objects.get()
    assert told_in(answer) == ["Posted."]
    assert balance(story.member, story.mall_points) == before + 100
    page = answer.content.decode()
    assert "nobody else: within the limit of who asked" in page
    assert reverse("admin:points_posting_change", args=[request.posting_id]) in page


def test_a_large_one_waits_shows_its_effect_and_is_approved_by_another(client, story, desk, boss):
    before = balance(story.member, story.mall_points)

    answer = ask(client, story, 2000)
    request = AdjustmentRequest.objects.get()
    client.force_login(boss)
    page = client.get(at(request, "approve")).content.decode()
    client.post(at(request, "approve"), {"note": "saw the slip"})

    assert told_in(answer) == ["Asked: another person approves it."]
    assert all(words in page for words in ("The till was offline.", "DESK", "+2,000", "20.00 CNY"))
    request.refresh_from_db()
    assert (request.state, request.note, request.decided_by) == ("posted", "saw the slip", boss)
    assert balance(story.member, story.mall_points) == before + 2000
    assert client.post(at(request, "approve"), {}).status_code == 403
    assert Posting.objects.filter(kind="adjustment").count() == 1


def test_the_maker_has_no_button_to_approve_and_the_address_is_shut(client, story, boss):
    client.force_login(boss)
    page = ask(client, story, 10).content.decode()
    request = AdjustmentRequest.objects.get()

    assert [act for act in ACTS if at(request, act) in page] == ["withdraw"]
    assert client.post(at(request, "approve"), {}).status_code == 403
    client.post(at(request, "withdraw"), {})
    request.refresh_from_db()
    assert request.state == "withdrawn"


def test_without_the_rights_there_is_no_button_and_no_way(client, story, desk):
    ask(client, story, 2000)
    request = AdjustmentRequest.objects.get()
    client.force_login(operator("LOOKER"))
    wallet = Wallet.objects.filter(member=story.member).first()

    pages = [
        client.get(address).content.decode()
        for address in (
            at(request),
            LIST,
            reverse("admin:members_member_change", args=[story.member.pk]),
            reverse("admin:points_wallet_change", args=[wallet.pk]),
        )
    ]

    assert not [act for act in ACTS if at(request, act) in pages[0]]
    assert not [page for page in pages if re.search(r'href="[^"]*/(ask|adjust)\b', page)]
    assert client.get(ASK).status_code == 403
    assert client.post(at(request, "approve"), {}).status_code == 403


def test_a_member_and_a_wallet_lead_to_a_form_that_knows_them(client, story, desk):
    wallet = Wallet.objects.get(member=story.member, program=story.mall_points)
    member_page = client.get(reverse("admin:members_member_change", args=[story.member.pk])).content.decode()

    from_wallet = client.get(reverse("admin:points_wallet_adjust", args=[wallet.pk]), follow=True)

    assert f"{ASK}?member={story.member.number}" in member_page
    form = from_wallet.context["form"]
    assert form["member"].value() == story.member.number
    assert form["program"].value() == str(story.mall_points.pk)


def test_the_form_says_what_one_may_do_alone_and_what_is_used(client, story, desk):
    ask(client, story, 70)

    page = client.get(ASK).content.decode()

    cells = re.findall(r'<td data-label="[^"]+" class="ly-figure">([\d,]+)</td>', page)
    assert cells == ["100", "150", "70"]


def test_a_form_sent_twice_is_one_request(client, story, desk):
    page = client.get(ASK)
    told = {"request_id": page.context["form"]["request_id"].value()}

    ask(client, story, 60, **told)
    ask(client, story, 60, **told)

    assert AdjustmentRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"points": 10**9 + 1}, "points"),
        ({"points": ""}, "points"),
        ({"reason": ""}, "reason"),
        ({"category": "because"}, "category"),
        ({"member": "000000000000"}, "member"),
    ],
)
def test_what_is_wrong_is_told_beside_the_field(client, story, desk, told, field):
    answer = ask(client, story, told.pop("points", 1), **told)

    assert field in answer.context["form"].errors
    assert not AdjustmentRequest.objects.exists()


def test_a_refusal_is_told_above_the_form_which_keeps_what_was_typed(client, story, desk):
    answer = ask(client, story, 0)

    assert answer.context["form"].non_field_errors()
    assert "The till was offline." in answer.content.decode()
    assert not AdjustmentRequest.objects.exists()


def test_who_may_approve_less_is_told_so(client, story, desk, boss):
    ask(client, story, 5001)
    request = AdjustmentRequest.objects.get()
    client.force_login(boss)

    answer = client.post(at(request, "approve"), {})

    assert answer.context["form"].non_field_errors() == ["These are more points than you may approve."]


def test_what_cannot_be_taken_is_told_before_it_is_approved(client, story, desk, boss):
    ask(client, story, -3000)
    request = AdjustmentRequest.objects.get()
    client.force_login(boss)

    page = client.get(at(request, "approve")).content.decode()
    answer = client.post(at(request, "approve"), {})

    assert "3,000 points cannot be taken: they are not spendable." in page
    assert answer.context["form"].non_field_errors() == ["There are not enough points."]
    request.refresh_from_db()
    assert request.state == "asked"


def test_who_rejects_says_why_and_the_member_page_shows_it(client, story, desk, boss):
    ask(client, story, 500)
    request = AdjustmentRequest.objects.get()
    client.force_login(boss)

    silent = client.post(at(request, "reject"), {"note": ""})
    client.post(at(request, "reject"), {"note": "no slip"})

    request.refresh_from_db()
    assert "note" in silent.context["form"].errors
    assert (request.state, request.note) == ("rejected", "no slip")
    page = client.get(reverse("admin:members_member_change", args=[story.member.pk])).content.decode()
    assert at(request) in page


def test_what_waits_comes_first(client, story, desk):
    ask(client, story, 2000)
    ask(client, story, 10)

    page = client.get(LIST).content.decode()

    assert page.index("+2,000 MALLPT") < page.index("+10 MALLPT")


def test_limits_are_edited_by_those_who_may_and_listed(client, story):
    client.force_login(make_operator())
    group = Group.objects.create(name="NIGHT")
    told = {"group": group.pk, "alone_max": 50, "alone_day_max": 40, "approve_max": 0}
    add = reverse("admin:points_adjustmentlimit_add")

    refused = client.post(add, told)
    too_many = client.post(add, told | {"alone_max": 10**9 + 1, "alone_day_max": 2 * 10**9})
    client.post(add, told | {"alone_day_max": 4000})

    # Beside the field, in words: nobody is told the name of a constraint.
    assert set(refused.context["adminform"].form.errors) == {"alone_day_max"}
    assert set(too_many.context["adminform"].form.errors) == {"alone_max"}
    assert AdjustmentLimit.objects.get(group=group).alone_day_max == 4000
    page = client.get(reverse("admin:points_adjustmentlimit_changelist")).content.decode()
    assert "4,000" in page


def test_the_explanation_says_the_reason_in_words(client, story, desk):
    ask(client, story, 10)
    client.force_login(make_operator())

    page = client.get(reverse("admin:points_posting_explain", args=[Posting.objects.latest("id").pk]))

    facts = {str(name): str(told) for name, told in page.context["told"].facts}
    assert facts["reason"] == "Points that were not recorded"
