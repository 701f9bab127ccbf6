"""The counter: what a member shows is looked at, then used, once."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from benefits.models import EntitlementEntry, Voucher
from members.models import CodeGuess
from members.services.member_codes import make_member_code
from tests.benefits.factories import make_benefit, make_rule
from tests.benefits.vouchers import issue, make_vouchers_of
from tests.factories import NOW
from tests.members.factories import numbered_member
from tests.operators import grant, make_operator

pytestmark = pytest.mark.django_db
DESK = "admin:benefits_counter"


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def member(mall):
    make_rule(make_benefit(kind="LOUNGE", provider=mall, code="LOUNGE", unit_value=Decimal(30)), 2, "month")
    return numbered_member(name="张三丰")


@pytest.fixture
def desk(client):
    clerk = make_operator(superuser=False, name="clerk")
    client.force_login(grant(clerk, "view_entitlemententry", "add_entitlemententry", "view_voucher"))
    client.cookies["django_language"] = "en"
    return client


def send(desk, **said):
    return desk.post(reverse(DESK), said, follow=True).content.decode()


def value_of(page, name):
    found = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
    return re.search(r'value="([^"]*)"', found.group()).group(1)


def test_a_members_code_shows_what_may_be_used_and_uses_it_once(desk, mall, member):
    code = make_member_code(member=member, at=NOW).digits
    page = send(desk, unit=mall.pk, outlet="", code=code)
    assert EntitlementEntry.objects.count() == 0
    assert "张**" in page
    assert "2 times left" in page
    said = {"unit": mall.pk, "outlet": "", "code": code, "amount": "1"}
    said |= {"right": value_of(page, "right"), "ref": value_of(page, "ref")}

    send(desk, **said)
    send(desk, **said)

    usage = EntitlementEntry.objects.get()
    assert (usage.amount, usage.unit, usage.actor.startswith("user:")) == (1, mall, True)


def test_a_code_that_was_used_is_refused_in_words(desk, mall, member):
    code = make_member_code(member=member, at=NOW).text
    pages = [send(desk, unit=mall.pk, outlet="", code=code) for _ in range(2)]
    for page in pages:
        told = send(
            desk, unit=mall.pk, outlet="", code=code, amount="1",
            right=value_of(page, "right"), ref=value_of(page, "ref"),
        )  # fmt: skip

    assert EntitlementEntry.objects.count() == 1
    assert "already used" in told


def test_a_voucher_is_looked_at_then_used_for_a_sale(desk, mall):
    voucher = issue(make_vouchers_of(mall, amount=Decimal(20), min_spend=Decimal(100)))
    page = send(desk, unit=mall.pk, outlet="", code=voucher.code)
    said = {"unit": mall.pk, "outlet": "", "code": voucher.code, "voucher": value_of(page, "voucher")}
    said["ref"] = value_of(page, "ref")

    too_little = send(desk, **said, sale="50")
    assert Voucher.objects.get().state == "issued"
    used = send(desk, **said, sale="150")

    assert "Used: 20.00 CNY off." in used
    assert "20.00 CNY off" not in too_little
    assert Voucher.objects.get().state == "used"


def test_a_wrong_code_is_counted_as_a_guess(desk, mall, member):
    told = send(desk, unit=mall.pk, outlet="", code=member.number + "00000000")

    assert "wrong or too old" in told
    assert CodeGuess.objects.exists()


def test_who_may_only_look_at_usages_does_not_stand_at_the_counter(client, mall):
    looker = make_operator(superuser=False, name="looker")
    client.force_login(grant(looker, "view_entitlemententry"))

    assert client.get(reverse(DESK)).status_code == 403


def test_the_counter_speaks_chinese(desk, mall, member):
    desk.cookies["django_language"] = "zh-hans"
    page = send(desk, unit=mall.pk, outlet="", code=make_member_code(member=member, at=NOW).digits)

    assert "柜台核销" in page
    assert "剩余" in page
