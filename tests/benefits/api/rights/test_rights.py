"""Both surfaces: what I may use, a code to show, and using it at a desk."""

import re

import pytest

from benefits.models import EntitlementEntry, SpentCode
from members.models import CodeGuess, ConsentPurpose, DataAccess
from members.services.consents import Choice, say_consents
from tests.benefits.api.rights.conftest import Caller, till
from tests.benefits.factories import make_benefit, make_rule
from tests.factories import NOW, make_unit
from tests.members.factories import numbered_member, token_of

pytestmark = pytest.mark.django_db


def use(at, right, **body):
    return at.post(f"entitlements/{right}/use", {"amount": "60", "source_ref": "r1"} | body)


def shown(phone):
    return phone.get("me/card").json()["code"]


def test_a_member_sees_what_where_until_when_and_why(phone, scene):
    (told,) = phone.get("me/entitlements").json()["results"]

    assert (told["benefit"], told["left"], told["quota"]) == ("FREE-PARKING", "180", "3 h a day")
    assert told["why"] == "every member (rule PARK-ALL, version 1)"
    assert [place["unit"] for place in told["places"]] == ["MALL", "HOTEL"]
    assert (told["period_ends_on"], told["ends_at"]) == ("2026-06-16", None)


def test_it_is_told_in_chinese_too(phone):
    (told,) = phone.get("me/entitlements", language="zh-hans").json()["results"]

    assert (told["name"], told["terms"], told["left_in_words"]) == ("免费停车", "条款", "3 小时")


def test_a_card_is_a_picture_and_digits_of_one_code(phone, scene):
    card = phone.get("me/card").json()

    assert card["qr_svg"].startswith("<svg")
    assert "path" in card["qr_svg"]
    assert re.fullmatch(r"(\d{4} ){4}\d{4}", card["digits"])
    assert card["number"] == scene.member.number
    assert card["expires_at"] == "2026-06-15T04:01:00+00:00"


def test_a_suspended_member_has_no_card(phone, scene):
    scene.member.status = "frozen"
    scene.member.save()

    assert phone.get("me/card").json()["code"] == "member_suspended"


@pytest.mark.parametrize("form", ["code", "digits"])
def test_a_desk_verifies_and_uses_what_the_member_shows(phone, hotel_till, right, form):
    code = phone.get("me/card").json()[form]

    verified = hotel_till.post("entitlements/verify", {"code": code, "outlet": "LAKE-DESK"}).json()
    used = use(hotel_till, right, code=code, outlet="LAKE-DESK")

    assert (verified["name"], verified["entitlements"][0]["left"]) == (None, "180"), "no consent, no name"
    assert used.status_code == 201, used.json()
    told = used.json()
    assert (told["provider"], told["unit"], told["value"]) == (
        "MALL", "HOTEL", {"amount": "6.00", "currency": "CNY"},
    )  # fmt: skip
    assert phone.get("me/entitlements").json()["results"][0]["left"] == "120"


def test_a_desk_of_another_unit_sees_the_name_under_consent_and_not_a_moment_longer(phone, hotel_till, scene):
    def say(**told):
        choice = Choice(purpose=ConsentPurpose.SHARE, unit=scene.hotel, **told)
        say_consents(member_id=scene.member.pk, choices=[choice], channel="app", by="member", at=NOW)

    def named():
        return hotel_till.post("entitlements/verify", {"code": shown(phone)}).json()["name"]

    say(is_given=True, version="share-1")
    under_consent = named()
    say(is_given=False)

    assert (under_consent, named()) == ("王**", None)
    assert [(one.unit, one.fields) for one in DataAccess.objects.all()] == [(scene.hotel, ["name"])]


@pytest.mark.parametrize("form", ["code", "digits"])
def test_one_code_is_one_usage_in_the_whole_group(phone, hotel_till, mall_till, right, form):
    card = phone.get("me/card").json()
    use(hotel_till, right, code=card["code"])

    again = use(mall_till, right, code=card[form])

    assert (again.status_code, again.json()["code"]) == (409, "member_code_used")
    assert SpentCode.objects.count() == EntitlementEntry.objects.count() == 1


def test_a_retry_hears_the_first_answer_though_the_code_has_died(phone, hotel_till, right, later):
    body = {"amount": "60", "source_ref": "r1", "code": shown(phone)}
    first = hotel_till.post(f"entitlements/{right}/use", body, key="k")
    later(minutes=5)

    again = hotel_till.post(f"entitlements/{right}/use", body, key="k")

    assert (again.json(), again["Idempotency-Replayed"]) == (first.json(), "true")


@pytest.mark.parametrize(("seconds", "status"), [(69, 201), (71, 409)])
def test_a_code_lives_a_minute_and_ten_seconds_of_grace(phone, hotel_till, right, later, seconds, status):
    code = shown(phone)
    later(seconds=seconds)

    assert use(hotel_till, right, code=code).status_code == status


def test_a_clock_that_is_ahead_by_ten_seconds_does_no_harm(phone, hotel_till, right, later):
    later(seconds=9)
    code = shown(phone)
    later(seconds=0)

    assert use(hotel_till, right, code=code).status_code == 201


def test_a_code_for_one_entitlement_is_good_for_that_one_only(phone, hotel_till, right, scene):
    make_rule(make_benefit(provider=scene.hotel, kind="LOUNGE"), 1, "month")
    (other,) = [one["id"] for one in phone.get("me/entitlements").json()["results"] if one["id"] != right]
    bound = phone.post(f"me/entitlements/{right}/code").json()

    assert bound["entitlement"] == right
    elsewhere = use(hotel_till, other, code=bound["code"], amount="1")
    assert elsewhere.json()["code"] == "member_code_mismatch"
    assert use(hotel_till, right, code=bound["digits"]).status_code == 201


def test_nobody_gets_a_code_for_what_is_not_theirs(phone, right):
    stranger = Caller("/api", token_of(numbered_member()))

    answer = stranger.post(f"me/entitlements/{right}/code")

    assert (answer.status_code, answer.json()["code"]) == (404, "entitlement_not_found")


def test_the_code_of_another_member_does_not_open_my_right(hotel_till, right):
    stranger = Caller("/api", token_of(numbered_member()))

    assert use(hotel_till, right, code=shown(stranger)).json()["code"] == "entitlement_not_found"


def test_wrong_digits_are_counted_and_then_refused_but_the_picture_still_works(phone, hotel_till, right):
    card = phone.get("me/card").json()
    wrong = card["digits"][:-1] + str((int(card["digits"][-1]) + 1) % 10)

    answers = [use(hotel_till, right, code=wrong, source_ref=f"r{n}") for n in range(6)]

    assert [answer.json()["code"] for answer in answers] == ["member_code_wrong"] * 5 + [
        "too_many_wrong_codes"
    ]
    assert int(answers[-1]["Retry-After"]) <= 300
    assert CodeGuess.objects.count() == 5
    assert use(hotel_till, right, code=card["digits"]).status_code == 429
    assert use(hotel_till, right, code=card["code"]).status_code == 201


@pytest.mark.parametrize("code", ["x", "LM1.AAAA", "0" * 20, "LM1." + "A" * 60, "１" * 20, "1" * 19])
def test_what_is_no_code_is_refused_by_name(hotel_till, right, code):
    assert use(hotel_till, right, code=code).json()["code"] == "member_code_wrong"


def test_a_forged_code_is_refused(phone, hotel_till, right):
    code = shown(phone)
    place = 20
    forged = code[:place] + ("A" if code[place] != "A" else "B") + code[place + 1 :]

    assert use(hotel_till, right, code=forged).json()["code"] == "member_code_wrong"


def test_without_a_code_only_a_trusted_key_uses(hotel_till, scene, right):
    gate = till(scene.hotel, scopes=("entitlements:use", "entitlements:trusted"))
    named = {"member": {"number": scene.member.number}}

    assert use(hotel_till, right, **named).json()["code"] == "scope_missing"
    assert use(gate, right, **named).status_code == 201


def test_the_same_reference_uses_once(scene, right):
    gate = till(scene.hotel, scopes=("entitlements:use", "entitlements:trusted"))
    named = {"member": {"number": scene.member.number}}

    first, again = use(gate, right, **named), use(gate, right, **named)

    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    assert use(gate, right, **named, amount="61").json()["code"] == "reference_reused"


@pytest.mark.parametrize("amount", [60, "0", "-1", "1e3", "60.001", "６０", None, True, "1.5"])
def test_odd_amounts_are_refused(phone, hotel_till, right, amount):
    answer = use(hotel_till, right, code=shown(phone), amount=amount)

    assert (answer.status_code, answer.json()["code"]) in [
        (400, "invalid_request"),
        (400, "amount_out_of_range"),
    ]


def test_a_usage_is_given_back_once(phone, hotel_till, right):
    usage = use(hotel_till, right, code=shown(phone)).json()["id"]
    back = {"usage": usage, "source_ref": "b1"}

    first = hotel_till.post(f"entitlements/{right}/reverse", back)
    again = hotel_till.post(f"entitlements/{right}/reverse", back)

    assert (first.status_code, again.status_code, first.json()["of"]) == (201, 200, usage)
    assert first.json() == again.json()
    assert phone.get("me/entitlements").json()["results"][0]["left"] == "180"


def test_no_unit_gives_back_what_another_honoured(phone, hotel_till, mall_till, right):
    usage = use(hotel_till, right, code=shown(phone)).json()["id"]

    answer = mall_till.post(f"entitlements/{right}/reverse", {"usage": usage, "source_ref": "b1"})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_reversible")


def test_a_till_of_a_unit_that_does_not_honour_it_is_told_so(phone, right):
    other = till(make_unit("TOWER", "office"))

    assert use(other, right, code=shown(phone)).json()["code"] == "benefit_not_honoured_here"
    assert other.post("entitlements/verify", {"code": shown(phone)}).json()["entitlements"] == []


def test_a_till_finds_the_member_by_the_code_they_show(phone, scene):
    desk = till(scene.hotel, scopes=("members:resolve",))
    card = phone.get("me/card").json()

    found = [desk.post("members/resolve", {"code": card[form]}).json()["id"] for form in ("code", "digits")]

    assert found == [str(scene.member.pk)] * 2
    both = desk.post("members/resolve", {"code": card["code"], "number": scene.member.number})
    assert both.status_code == 400
