"""The queue: side by side and masked, decided by those who may, many at once but never of one household."""

from datetime import date

import pytest
from django.urls import reverse

from members.models import MatchCandidate, MatchState
from members.services.deciding import AlreadyDecided, accept_above, decide_different, decide_same, put_off
from tests.factories import NOW, make_unit
from tests.members.factories import numbered_member
from tests.operators import grant, make_operator

pytestmark = pytest.mark.django_db


def ask(unit, *, score=0.9, veto="", **fields):
    return MatchCandidate.objects.create(
        member=numbered_member(
            name="张小明", birth_date=date(1985, 6, 17), address="上海市浦东新区世纪大道88弄"
        ),
        other=numbered_member(name="张晓明", birth_date=date(1985, 6, 17)),
        unit=unit,
        score=score,
        veto=veto,
        evidence={"name": "sounds_same", "birth_date": "same"},
        created_at=NOW,
        **fields,
    )


@pytest.fixture
def unit():
    return make_unit("MALL")


@pytest.fixture
def screen(client):
    client.force_login(make_operator())
    return client


def page(candidate):
    return reverse("admin:members_matchcandidate_change", args=[candidate.pk])


def decide(client, candidate, word):
    return client.post(
        reverse("admin:members_matchcandidate_decide", args=[candidate.pk]), {"decision": word}
    )


def test_the_two_stand_side_by_side_masked_with_what_differs_marked(screen, unit):
    text = screen.get(page(ask(unit))).content.decode()

    assert "张**" in text
    assert "1985-**-17" in text
    assert "张小明" not in text
    assert "世纪大道" not in text
    assert '<mark class="ly-differs">张**</mark>' in text


def test_the_list_holds_the_open_ones_the_likest_first(screen, unit):
    ask(unit, score=0.3)
    likest = ask(unit, score=0.8)
    decided = ask(unit, score=0.9)
    decide_same(candidate_id=decided.pk, by="user:1", at=NOW)

    rows = screen.get(reverse("admin:members_matchcandidate_changelist")).context["cl"].result_list

    assert [row.score for row in rows] == [0.8, 0.3]
    assert rows[0] == likest


@pytest.mark.parametrize("word", ["same", "different", "later"])
def test_a_decision_says_who_and_leads_to_the_merge_or_the_next(screen, unit, word):
    first, second = ask(unit, score=0.9), ask(unit, score=0.8)

    answer = decide(screen, first, word)

    first.refresh_from_db()
    merge = f"{reverse('admin:members_membermerge_merge')}?candidate={first.pk}"
    assert answer.url == (merge if word == "same" else page(second))
    assert first.state == word
    assert first.decided_by.startswith("user:")


def test_who_may_look_may_not_decide(client, unit):
    candidate = ask(unit)
    client.force_login(grant(make_operator(superuser=False), "view_matchcandidate"))

    assert "decide-same" not in client.get(page(candidate)).content.decode()
    assert decide(client, candidate, "same").status_code == 403
    assert client.post(reverse("admin:members_matchcandidate_accept"), {"above": 50}).status_code == 403
    assert MatchCandidate.objects.get().state == MatchState.OPEN


def test_a_decision_is_a_post_with_a_known_word(screen, unit):
    candidate = ask(unit)

    assert screen.get(reverse("admin:members_matchcandidate_decide", args=[candidate.pk])).status_code == 405
    assert decide(screen, candidate, "perhaps").status_code == 400


def test_many_are_accepted_but_none_that_may_be_of_one_household(screen, unit):
    taken = ask(unit, score=0.93)
    unlike = ask(unit, score=0.6)
    family = ask(unit, score=0.99, veto="shared_phone")
    elsewhere = ask(make_unit("HOTEL"), score=0.95)

    screen.post(reverse("admin:members_matchcandidate_accept"), {"above": 90, "unit": unit.pk})

    states = {one.pk: one.state for one in MatchCandidate.objects.all()}
    assert states.pop(taken.pk) == MatchState.SAME
    assert set(states) == {unlike.pk, family.pk, elsewhere.pk}
    assert set(states.values()) == {MatchState.OPEN}


def test_a_decision_stands(unit):
    candidate = ask(unit)
    put_off(candidate_id=candidate.pk, by="user:1", at=NOW)
    decide_same(candidate_id=candidate.pk, by="user:1", at=NOW)

    again = decide_same(candidate_id=candidate.pk, by="user:2", at=NOW)

    assert again.decided_by == "user:1"
    with pytest.raises(AlreadyDecided):
        decide_different(candidate_id=candidate.pk, by="user:1", at=NOW)


def test_putting_off_is_no_decision(unit):
    put_off(candidate_id=ask(unit).pk, by="user:1", at=NOW)

    assert len(accept_above(score=0.5, unit=unit, by="user:1", at=NOW)) == 1


@pytest.mark.parametrize("path", ["changelist", "accept"])
def test_a_page_costs_the_same_for_two_and_for_twelve(screen, unit, django_assert_max_num_queries, path):
    for _ in range(12):
        ask(unit)

    with django_assert_max_num_queries(14):
        assert screen.get(reverse(f"admin:members_matchcandidate_{path}")).status_code == 200
