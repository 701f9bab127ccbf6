"""Operators merge and undo by pages that show every effect; the whole person stands on one page."""

import pytest
from django.urls import reverse

from members.admin.lifecycle import GuardianForm
from members.models import IdentityKind, MatchCandidate, Member, MemberMerge, MemberUnmerge
from members.services.households import accept_invitation, found_household, invite_to_household
from tests.factories import NOW, give, make_program, make_unit, redeem
from tests.members.factories import add_identity, numbered_member
from tests.members.merging import holdings, merge
from tests.operators import grant, make_operator

pytestmark = pytest.mark.django_db
MERGE = reverse("admin:members_membermerge_merge")


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALLPT", owner=mall)


@pytest.fixture
def old(program):
    member = numbered_member(name="王小明")
    add_identity(member, IdentityKind.PHONE, "+8613912345678")
    give(member, program, 1_234)
    return member


@pytest.fixture
def new():
    return numbered_member(name="王晓明")


@pytest.fixture
def screen(client):
    client.force_login(make_operator())
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def address(survivor, alias, **more):
    pairs = {"survivor": survivor.number, "alias": alias.number} | more
    return f"{MERGE}?" + "&".join(f"{name}={value}" for name, value in pairs.items())


def seal_of(response):
    return response.context_data["form"].initial["seal"]


def test_the_preview_shows_every_effect_masked_and_does_nothing(screen, old, new):
    page = screen.get(address(new, old)).content.decode()

    assert "Phone 139****5678" in page
    assert "1,234" in page
    assert "13912345678" not in page
    assert not MemberMerge.objects.exists()
    assert holdings(old, new) == [(1234, 0), (0, 0)]


def test_confirmed_it_does_what_was_shown_and_tells_of_it(screen, old, new):
    seal = seal_of(screen.get(address(new, old)))

    done = screen.post(address(new, old), {"evidence": "seen", "seal": seal}, follow=True)

    made = MemberMerge.objects.get()
    assert (made.by, made.evidence) == (f"user:{screen.session['_auth_user_id']}", "seen")
    assert holdings(old, new) == [(0, 0), (1234, 0)]
    assert "Merged." in done.content.decode()


def test_what_changed_since_is_shown_again(screen, old, new, program, mall):
    seal = seal_of(screen.get(address(new, old)))
    redeem(old, program, 1, unit=mall)

    page = screen.post(address(new, old), {"evidence": "seen", "seal": seal})

    assert "has changed since it was shown" in page.content.decode()
    assert not MemberMerge.objects.exists()


def test_two_of_one_household_are_refused_with_the_reason(screen, old, new):
    found_household(member=old, shares_points=False, at=NOW)
    place = invite_to_household(by=old, invited={"number": new.number}, at=NOW)
    accept_invitation(member=new, place_id=place.pk, shares_points=False, at=NOW)

    page = screen.get(address(new, old)).content.decode()

    assert "one household as two people" in page
    assert 'name="seal"' not in page


def test_numbers_that_nobody_has_are_asked_again(screen, new):
    page = screen.get(f"{MERGE}?survivor={new.number}&alias=000000000000").content.decode()

    assert "There is no member with this number." in page


def test_a_question_leads_to_the_merge_and_on_to_the_next(screen, old, new, mall):
    first, second = (
        MatchCandidate.objects.create(member=one, other=new, unit=mall, score=score, created_at=NOW)
        for one, score in ((old, 0.9), (numbered_member(), 0.8))
    )
    decide = reverse("admin:members_matchcandidate_decide", args=[first.pk])

    led = screen.post(decide, {"decision": "same"})

    assert led["Location"] == f"{MERGE}?candidate={first.pk}"
    shown = screen.get(led["Location"])
    done = screen.post(led["Location"], {"evidence": "seen", "seal": seal_of(shown)})
    assert done["Location"] == reverse("admin:members_matchcandidate_change", args=[second.pk])
    assert MemberMerge.objects.get().survivor == new


def test_undoing_shows_what_stays_before_and_after(screen, old, new, program, mall):
    made = merge(old, new)
    redeem(new, program, 234, unit=mall)
    undo = reverse("admin:members_membermerge_undo", args=[made.pk])

    shown = screen.get(undo)
    done = screen.post(undo, {"evidence": "two", "seal": seal_of(shown)}, follow=True)

    for page in (shown, done):
        words = page.content.decode()
        assert "1,000" in words
        assert "spent or refunded since the merge" in words
    assert MemberUnmerge.objects.get().evidence == "two"
    again = screen.get(undo, follow=True).content.decode()
    assert "nothing of what stayed has come free" in again


def test_who_may_not_merge_is_refused_and_sees_no_way(client, old, new):
    made = merge(old, new)
    looker = grant(make_operator(superuser=False), "view_member", "view_membermerge", "view_matchcandidate")
    client.force_login(looker)

    assert client.get(address(new, old)).status_code == 403
    assert client.post(reverse("admin:members_membermerge_undo", args=[made.pk])).status_code == 403
    page = client.get(reverse("admin:members_membermerge_change", args=[made.pk])).content.decode()
    assert reverse("admin:members_membermerge_undo", args=[made.pk]) not in page


def test_an_alias_is_found_and_leads_to_the_survivor(screen, old, new):
    merge(old, new)

    found = screen.get(reverse("admin:members_member_changelist"), {"q": old.number}).content.decode()
    page = screen.get(reverse("admin:members_member_change", args=[old.pk])).content.decode()

    assert new.number in found
    assert "was merged into another member" in page
    assert reverse("admin:members_member_change", args=[new.pk]) in page


def test_the_whole_person_stands_on_one_page_under_both_numbers(screen, old, new, program, mall):
    redeem(old, program, 34, unit=mall, source_ref="R-7")
    merge(old, new)

    page = screen.get(reverse("admin:members_member_change", args=[new.pk])).content.decode()

    assert old.number in page
    assert "1,200" in page
    assert "R-7" in page
    assert "-34 MALLPT" in page
    # Both histories tell of the merge; the line of time tells it once.
    assert page.split('data-testid="timeline"')[1].count("call_merge") == 1


def test_the_list_tells_what_stands(screen, old, new):
    merge(old, new)

    page = screen.get(reverse("admin:members_membermerge_changelist")).content.decode()

    assert "Stands" in page
    assert Member.objects.get(pk=old.pk).number in page


def test_pairs_accepted_in_the_queue_are_merged_in_one_go_and_refusals_stay(screen, old, new, mall):
    frozen = numbered_member(status="frozen")
    for one, other in ((old, new), (numbered_member(), frozen)):
        MatchCandidate.objects.create(
            member=one,
            other=other,
            unit=mall,
            score=0.9,
            created_at=NOW,
            state="same",
            decided_by="user:9",
            decided_at=NOW,
        )
    accepted = reverse("admin:members_membermerge_accepted")
    frozen.events.create(kind="frozen", reason="suspicion", by="t", at=NOW)
    assert "not merged yet: 2" in screen.get(accepted).content.decode()

    told = screen.post(accepted, follow=True).content.decode()

    assert "1 pair merged." in told
    assert "1: The member to be merged away was frozen" in told
    assert MemberMerge.objects.get().survivor == new
    assert "not merged yet: 1" in screen.get(accepted).content.decode()


def test_a_number_that_was_merged_away_has_nothing_to_act_on(screen, old, new):
    merge(old, new)

    page = screen.get(reverse("admin:members_member_change", args=[old.pk])).content.decode()
    survivors = screen.get(reverse("admin:members_member_change", args=[new.pk])).content.decode()

    assert "/freeze" not in page
    assert "/freeze" in survivors


def test_a_guardian_is_found_by_either_number(screen, old, new):
    merge(old, new)

    form = GuardianForm({"guardian": old.number, "evidence": "seen"})

    assert form.is_valid()
    assert form.cleaned_data["guardian"] == new
