"""The screens of benefits: look, publish, give by hand with a second person, reverse a usage."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import translation

from benefits.models import (
    BenefitVersion,
    EntitlementEntry,
    EntitlementGrant,
    EntitlementRule,
    EntryKind,
    GrantLimit,
    GrantRequest,
)
from benefits.services.granting_by_hand import BeyondGrantLimit, Wish, approve_grant, request_grant
from benefits.services.grants import withdraw_grant
from common.errors import Forbidden
from points.services.approvals import OwnRequest
from tests.benefits.factories import make_benefit, make_grant, make_rule, only_right, use
from tests.factories import NOW, make_member, make_unit
from tests.operators import grant, make_operator

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def unit():
    return make_unit("MALL")


@pytest.fixture
def lounge(unit):
    return make_benefit(kind="LOUNGE", provider=unit, code="LOUNGE", unit_value=Decimal(30))


def operator(name, *, alone=0, day=0, approve=0):
    person = make_operator(superuser=False, name=name)
    group = Group.objects.create(name=name)
    GrantLimit.objects.create(group=group, alone_max=alone, alone_day_max=day, approve_max=approve)
    person.groups.add(group)
    return grant(person, "can_ask_grant", "can_approve_grant")


def wish(lounge, amount=2):
    return Wish(
        make_member(), lounge, lounge.provider, Decimal(amount), NOW + timedelta(days=30), "a broken lift"
    )


@pytest.mark.parametrize(
    "model",
    [
        "benefit", "benefitversion", "benefitkind", "entitlementrule", "factset", "grantrequest",
        "entitlementgrant", "entitlemententry", "grantlimit",
    ],
)  # fmt: skip
def test_every_list_opens(client, unit, lounge, model):
    make_rule(lounge, 2, "month")
    member = make_member()
    use(member, 1, unit=unit)
    make_grant(member, lounge)
    client.force_login(make_operator())

    assert client.get(reverse(f"admin:benefits_{model}_changelist")).status_code == 200


def test_every_page_of_a_row_opens(client, unit, lounge):
    rule = make_rule(lounge, 2, "month")
    given = make_grant(member := make_member(), lounge)
    entry = use(member, 1, unit=unit, right=given.pk).entry
    client.force_login(make_operator())

    for row in (lounge, lounge.versions.get(), rule, given, entry, member):
        page = client.get(
            reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
        )
        assert page.status_code == 200, row


def test_an_operator_publishes_a_version_that_takes_the_place_of_the_one_before(client, unit, lounge):
    client.force_login(make_operator())
    said = {
        "benefit": lounge.pk, "name_zh": "贵宾室", "name_en": "Lounge",
        "terms_zh": "每月两次", "terms_en": "Twice",
        "payer": "group", "unit_value": "40", "currency": "CNY", "units": [unit.pk],
        "weekday_names": ["1", "2", "3", "4", "5"], "blackout_lines": "2026-10-01 2026-10-07\n2026-12-31",
        "is_successor": "on",
    }  # fmt: skip

    answer = client.post(reverse("admin:benefits_benefitversion_add"), said)

    assert answer.status_code == 302, answer.context["errors"]
    old, new = BenefitVersion.objects.order_by("version")
    assert (new.version, new.payer, new.weekdays, old.during.upper) == (
        2,
        "group",
        [1, 2, 3, 4, 5],
        new.during.lower,
    )
    assert [str(days) for days in new.blackouts.order_by("starts_on")] == [
        "2026-10-01 … 2026-10-08", "2026-12-31 … 2027-01-01",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"units": []}, "units"),
        ({"blackout_lines": "2026-02-30"}, "blackout_lines"),
        ({"blackout_lines": "2026-10-07 2026-10-01"}, "blackout_lines"),
        ({"unit_value": "-1"}, "unit_value"),
    ],
)
def test_what_is_no_version_is_refused_beside_its_field(client, unit, lounge, said, field):
    client.force_login(make_operator())
    told = {
        "benefit": lounge.pk, "name_zh": "甲", "name_en": "A", "terms_zh": "甲", "terms_en": "A",
        "payer": "group", "unit_value": "40", "currency": "CNY", "units": [unit.pk], "weekday_names": ["1"],
        "is_successor": "on",
    }  # fmt: skip

    answer = client.post(reverse("admin:benefits_benefitversion_add"), told | said)

    assert field in answer.context["adminform"].form.errors
    assert BenefitVersion.objects.count() == 1


def test_an_operator_publishes_a_rule(client, lounge):
    client.force_login(make_operator())
    said = {
        "code": "LOUNGE-ALL", "benefit": lounge.pk, "amount": "2", "period": "month", "zone": "group",
        "sharing": "own", "is_successor": "on",
    }  # fmt: skip

    answer = client.post(reverse("admin:benefits_entitlementrule_add"), said)

    assert answer.status_code == 302, answer.context["errors"]
    assert EntitlementRule.objects.get().published_by.startswith("user:")
    assert only_right(make_member(), at=NOW + timedelta(minutes=1)).given == 2


def test_what_is_worth_little_is_given_at_once_and_more_waits(lounge):
    desk = operator("DESK", alone=100, day=150)

    little = request_grant(wish=wish(lounge, 2), by=desk, at=NOW)
    more = request_grant(wish=wish(lounge, 4), by=desk, at=NOW)
    split = [request_grant(wish=wish(lounge, 3), by=desk, at=NOW).state for _ in range(2)]

    assert (little.state, little.value, more.state) == ("granted", 60, "asked")
    assert split == ["granted", "asked"]
    assert EntitlementGrant.objects.filter(cause="by_hand").count() == 2


def test_another_person_approves_within_their_limit(lounge):
    desk, chief, junior = operator("DESK"), operator("CHIEF", approve=1000), operator("JUNIOR", approve=10)
    asked = request_grant(wish=wish(lounge), by=desk, at=NOW)

    with pytest.raises(OwnRequest):
        approve_grant(request=asked, by=desk, at=NOW)
    with pytest.raises(BeyondGrantLimit):
        approve_grant(request=asked, by=junior, at=NOW)
    approve_grant(request=asked, by=chief, at=NOW)

    assert only_right(asked.member).left == 2
    assert GrantRequest.objects.get().decided_by == chief


def test_who_has_no_right_gives_nothing(lounge):
    with pytest.raises(Forbidden):
        request_grant(wish=wish(lounge), by=make_operator(superuser=False), at=NOW)


def test_a_form_sent_twice_is_one_request(client, lounge):
    client.force_login(make_operator())
    page = client.get(reverse("admin:benefits_grantrequest_ask"))
    said = {
        "request_id": str(page.context["form"].initial["request_id"]), "member": make_member().number,
        "benefit": lounge.pk, "unit": lounge.provider_id, "amount": "1", "ends_at_0": "2026-07-01",
        "ends_at_1": "00:00", "reason": "a broken lift",
    }  # fmt: skip

    answers = [client.post(reverse("admin:benefits_grantrequest_ask"), said) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert GrantRequest.objects.count() == 1


def test_an_operator_reverses_a_usage_and_says_why(client, unit, lounge):
    make_rule(lounge, 2, "month")
    entry = use(member := make_member(), 2, unit=unit).entry
    client.force_login(make_operator())

    page = reverse("admin:benefits_entitlemententry_reverse_usage", args=[entry.pk])
    answer = client.post(page, {"note": "the lounge was closed"})

    assert answer.status_code == 302
    back = EntitlementEntry.objects.get(kind=EntryKind.RESTORE)
    assert (back.of, back.words, back.amount) == (entry, "the lounge was closed", 2)
    assert only_right(member).left == 2


def test_who_may_not_reverses_nothing(client, unit, lounge):
    make_rule(lounge, 2, "month")
    entry = use(make_member(), 2, unit=unit).entry
    client.force_login(grant(make_operator(superuser=False), "view_entitlemententry"))

    page = reverse("admin:benefits_entitlemententry_reverse_usage", args=[entry.pk])

    assert client.post(page, {"note": "x"}).status_code == 403
    assert EntitlementEntry.objects.count() == 1


def test_benefits_are_told_by_name_and_entries_in_the_readers_words(client, unit, lounge):
    given = make_grant(make_member(), lounge)
    entry = use(given.member, 1, unit=unit, right=given.pk).entry
    withdraw_grant(grant=given, reason="x", by="test", at=NOW)
    person = operator("GIVER")
    request_grant(wish=wish(lounge), by=person, at=NOW)
    client.force_login(make_operator())
    name = f"{lounge.versions.get().name_zh} ({lounge.code})"

    def seen(address, *args):
        return client.get(reverse(f"admin:benefits_{address}", args=args)).content.decode()

    with translation.override("zh-hans"):
        client.cookies["django_language"] = "zh-hans"
        assert lounge.versions.get().name_zh in seen("benefit_changelist")
        for address in ("entitlementgrant_changelist", "grantrequest_changelist", "grantrequest_ask"):
            assert name in seen(address), address
        assert f"{entry.get_kind_display()} 1" in seen("entitlemententry_change", entry.pk)
