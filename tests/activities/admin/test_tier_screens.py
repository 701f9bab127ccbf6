"""The screens of tiers: a scheme by two people, previews that change nothing, a level given by hand."""

from datetime import timedelta

import pytest
from django.urls import reverse

from activities.models import LevelTerms, TierGrant, TierScheme
from activities.selectors.tier_schemes import group_day
from common import clock
from members.models import Tier, TierChange
from members.selectors.tiers import tier_of
from tests.activities.tiering import hand, make_ladder, make_scheme, record, sale
from tests.factories import make_member, make_unit

pytestmark = pytest.mark.django_db
RIGHTS = ("view_tierscheme", "change_tierscheme")


def scheme_page(scheme, act="change"):
    return reverse(f"admin:activities_tierscheme_{act}", args=[scheme.pk])


def lines_of(scheme, **changed):
    """The form of a draft as its page sends it, with the levels that there are."""
    levels = list(scheme.levels.order_by("pk"))
    data = {
        "starts_on": scheme.starts_on.isoformat(),
        "window": scheme.window,
        "window_months": scheme.window_months,
        "validity_months": scheme.validity_months,
        "grace_days": scheme.grace_days,
        "refund_days": scheme.refund_days,
        "reason": "",
        "levels-TOTAL_FORMS": len(levels),
        "levels-INITIAL_FORMS": len(levels),
    }
    for place, line in enumerate(levels):
        data |= {
            f"levels-{place}-id": line.pk,
            f"levels-{place}-scheme": scheme.pk,
            f"levels-{place}-tier": line.tier_id,
            f"levels-{place}-credits": line.credits or "",
        }
    for part in ("credit_rules", "roles", "matches"):
        rows = list(getattr(scheme, part).order_by("pk"))
        data |= {f"{part}-TOTAL_FORMS": len(rows), f"{part}-INITIAL_FORMS": len(rows)}
        if part == "credit_rules":
            for place, row in enumerate(rows):
                data |= {
                    f"{part}-{place}-id": row.pk,
                    f"{part}-{place}-scheme": scheme.pk,
                    f"{part}-{place}-basis": row.basis,
                    f"{part}-{place}-credits": row.credits,
                }
    return data | changed


def test_a_scheme_goes_from_draft_to_force_through_two_people(client):
    make_ladder()
    make_scheme()
    maker, checker = hand(*RIGHTS), hand(*RIGHTS, "can_approve_tier_scheme")
    client.force_login(maker)
    tomorrow = group_day(clock.now()) + timedelta(days=1)
    said = {
        "starts_on": tomorrow.isoformat(),
        "window": "rolling",
        "window_months": 12,
        "validity_months": 12,
        "grace_days": 60,
        "refund_days": 30,
        "reason": "Softer",
    }

    answer = client.post(reverse("admin:activities_tierscheme_add"), said)
    draft = TierScheme.objects.get(state="draft")
    assert answer.headers["location"] == scheme_page(draft)
    assert draft.levels.count() == 3
    first = draft.levels.order_by("pk").first()
    answer = client.post(
        scheme_page(draft), lines_of(draft, **{"levels-0-credits": "1500", "reason": "Softer"})
    )
    assert answer.status_code == 302, answer.context["errors"]
    assert LevelTerms.objects.get(pk=first.pk).credits == 1500
    client.post(scheme_page(draft, "propose"), {"note": "As agreed"})
    assert client.post(scheme_page(draft, "approve"), {"note": ""}).status_code == 403
    client.force_login(checker)
    client.post(scheme_page(draft, "approve"), {"note": ""})

    draft.refresh_from_db()
    assert (draft.state, draft.made_by, draft.decided_by) == ("approved", maker, checker)
    client.force_login(maker)
    client.post(scheme_page(draft), lines_of(draft, **{"levels-0-credits": "1"}))
    assert LevelTerms.objects.get(pk=first.pk).credits == 1500


def test_a_preview_counts_who_would_move_and_moves_nobody(client):
    make_ladder()
    make_scheme()
    unit, at = make_unit(), clock.now()
    for _ in range(3):
        record(unit, sale(make_member(), "1200.00", day=(at - timedelta(days=9)).date().isoformat()), at=at)
    harder = make_scheme(
        asked=(None, 2000, 3000, 8000), starts_on=group_day(at) + timedelta(days=5), approve=False
    )
    client.force_login(hand(*RIGHTS))
    before = TierChange.objects.count()

    by_scheme = client.get(scheme_page(harder, "preview"), headers={"accept-language": "en"})
    day = (group_day(at) + timedelta(days=460)).isoformat()
    address = reverse("admin:activities_tierscheme_preview_next_review")
    by_day = client.get(f"{address}?on={day}", headers={"accept-language": "en"})

    for page in (by_scheme, by_day):
        assert "3 would come down, 0 would rise. 3 of 3 were looked at." in page.content.decode()
    assert TierChange.objects.count() == before


def test_a_level_is_given_and_ended_with_a_reason(client):
    silver, _gold, platinum, _black = make_ladder()
    make_scheme()
    member = make_member()
    client.force_login(hand("can_give_tier", "view_tiergrant"))

    said = {"number": member.number, "tier": platinum.pk, "ends_on": "", "reason": "Complaint 17"}
    client.post(reverse("admin:activities_tiergrant_add"), said)
    grant = TierGrant.objects.get()
    assert (tier_of(member.pk), grant.reason) == (platinum, "Complaint 17")
    end = reverse("admin:activities_tiergrant_end", args=[grant.pk])
    assert "required" in client.post(end, {"note": ""}, headers={"accept-language": "en"}).content.decode()
    client.post(end, {"note": "By mistake"})

    assert tier_of(member.pk) == silver


def test_without_the_rights_nothing_is_offered(client):
    make_ladder()
    scheme = make_scheme(approve=False)
    client.force_login(hand("view_tierscheme"))

    assert client.get(reverse("admin:activities_tierscheme_add")).status_code == 403
    assert client.get(reverse("admin:activities_tiergrant_add")).status_code == 403
    assert client.post(scheme_page(scheme, "propose"), {"note": ""}).status_code == 403


def test_the_members_page_says_what_is_held_and_why(client):
    make_ladder()
    make_scheme()
    member, at = make_member(), clock.now()
    record(make_unit(), sale(member, "1200.00", day=(at - timedelta(days=9)).date().isoformat()), at=at)
    client.force_login(hand("view_member"))

    page = client.get(
        reverse("admin:members_member_change", args=[member.pk]), headers={"accept-language": "en"}
    ).content.decode()

    assert "Tier: Gold" in page
    assert "Gold was reached with 1,200 tier credits; it asks 1,000." in page
    assert "1,800 more tier credits for Platinum." in page
    assert Tier.objects.count() == 4
