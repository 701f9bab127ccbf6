"""The rate book on the screen: one operator proposes, another decides; what has begun can only be ended."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone
from psycopg2.extras import DateTimeTZRange

from common import clock
from points.models import ExchangeRate, RateProposal
from points.services import periods
from tests.operators import grant, make_operator, tell_story

pytestmark = pytest.mark.django_db
ADD = reverse("admin:points_rateproposal_add")
VIEW = ("view_exchangerate", "view_rateproposal")


@pytest.fixture
def story(client):
    told = tell_story()
    client.force_login(make_operator())
    client.cookies["django_language"] = "en"
    return told


@pytest.fixture
def checker():
    return make_operator(name="CHECKER")


def instants(starts_at=None, ends_at=None):
    said = {}
    for name, instant in (("starts_at", starts_at), ("ends_at", ends_at)):
        local = timezone.localtime(instant) if instant else None
        said[f"{name}_0"] = f"{local:%Y-%m-%d}" if local else ""
        said[f"{name}_1"] = f"{local:%H:%M:%S}" if local else ""
    return said


def form(story, *, starts_at=None, ends_at=None, **fields):
    said = {
        "source": story.hotel_points.pk,
        "target": story.mall_points.pk,
        "numerator": 3,
        "denominator": 1,
    }
    return said | instants(starts_at, ends_at) | fields


def back(story, **fields):
    """A rate the other way: 2 mall = 1 hotel gains nothing."""
    terms = {
        "source": story.mall_points.pk,
        "target": story.hotel_points.pk,
        "numerator": 1,
        "denominator": 2,
    }
    return form(story, **terms | fields)


def on(rate, act):
    return reverse(f"admin:points_exchangerate_{act}", args=[rate.pk])


def deciding(proposal, act="approve"):
    return reverse(f"admin:points_rateproposal_{act}", args=[proposal.pk])


def approve_latest(client, checker, **said):
    """The last proposal, approved at the screen by another operator."""
    maker = client.session["_auth_user_id"]
    client.force_login(checker)
    answer = client.post(deciding(RateProposal.objects.latest("pk")), said)
    client.force_login(type(checker).objects.get(pk=maker))
    return answer


def errors_of(answer):
    return answer.context["form"].non_field_errors()


def test_a_proposal_waits_for_another_operator_who_puts_it_in_the_book(client, story, checker):
    starts_at = (clock.now() + timedelta(days=1)).replace(microsecond=0)

    client.post(ADD, form(story, starts_at=starts_at, is_successor="on", cap_per_member_day=5000))
    proposal = RateProposal.objects.get()
    assert ExchangeRate.objects.count() == 1
    approve_latest(client, checker, note="agreed")

    new = ExchangeRate.objects.get(numerator=3)
    story.rate.refresh_from_db()
    proposal.refresh_from_db()
    assert story.rate.during.upper == new.during.lower == starts_at
    assert (proposal.rate, proposal.note, new.approved_by.username) == (new, "agreed", "CHECKER")
    page = client.get(reverse("admin:points_exchangerate_changelist")).content.decode()
    assert all(words in page for words in ("5,000 HOTELPT", "OPERATOR1", "CHECKER"))


def test_the_maker_sees_no_button_to_approve_and_the_address_is_shut(client, story, checker):
    client.post(ADD, form(story, is_successor="on"))
    proposal = RateProposal.objects.get()
    address = reverse("admin:points_rateproposal_change", args=[proposal.pk])

    own_page = client.get(address).content.decode()
    refused = client.post(deciding(proposal), {})
    client.force_login(checker)
    other_page = client.get(address).content.decode()

    assert refused.status_code == 403
    assert deciding(proposal) not in own_page
    assert deciding(proposal, "withdraw") in own_page
    assert deciding(proposal) in other_page
    assert deciding(proposal, "withdraw") not in other_page
    assert ExchangeRate.objects.count() == 1


def test_without_the_rights_there_is_no_button_and_no_way(client, story):
    client.post(ADD, form(story, is_successor="on"))
    proposal = RateProposal.objects.get()
    client.force_login(grant(make_operator(superuser=False, name="LOOKER"), *VIEW))

    page = client.get(reverse("admin:points_rateproposal_change", args=[proposal.pk])).content.decode()
    book = client.get(reverse("admin:points_exchangerate_change", args=[story.rate.pk])).content.decode()

    assert not [act for act in ("approve", "reject", "withdraw") if deciding(proposal, act) in page]
    assert on(story.rate, "end") not in book
    assert client.post(deciding(proposal), {}).status_code == 403
    assert client.post(on(story.rate, "end"), instants(ends_at=clock.now())).status_code == 403
    assert client.get(ADD).status_code == 403


def test_who_rejects_says_why(client, story, checker):
    client.post(ADD, form(story, is_successor="on"))
    proposal = RateProposal.objects.get()
    client.force_login(checker)

    silent = client.post(deciding(proposal, "reject"), {"note": ""})
    client.post(deciding(proposal, "reject"), {"note": "too dear"})

    proposal.refresh_from_db()
    assert "note" in silent.context["form"].errors
    assert (proposal.state, proposal.note) == ("rejected", "too dear")
    assert client.post(deciding(proposal), {}).status_code == 403


def test_an_overlap_is_told_on_the_form_and_writes_nothing(client, story):
    answer = client.post(ADD, form(story, starts_at=clock.now() + timedelta(days=1)))

    assert answer.status_code == 200
    (words,) = answer.context["adminform"].form.non_field_errors()
    assert "1 HOTELPT = 2 MALLPT is in force in that time" in words
    assert not RateProposal.objects.exists()


def test_a_rate_cannot_start_in_the_past(client, story):
    answer = client.post(ADD, form(story, starts_at=clock.now() - timedelta(hours=1), is_successor="on"))

    assert "starts_at" in answer.context["adminform"].form.errors


def test_without_a_start_a_rate_holds_from_its_approval(client, story, checker):
    client.post(ADD, back(story))
    assert RateProposal.objects.get().starts_at is None

    approve_latest(client, checker)

    rate = ExchangeRate.objects.get(source=story.mall_points)
    assert abs(rate.during.lower - clock.now()) < timedelta(minutes=1)
    assert rate.during.upper is None


def test_what_has_begun_ends_sooner_at_once_and_that_is_logged(client, story):
    ends_at = (clock.now() + timedelta(days=3)).replace(microsecond=0)

    client.post(on(story.rate, "end"), instants(ends_at=ends_at))

    story.rate.refresh_from_db()
    assert story.rate.during.upper == ends_at
    assert LogEntry.objects.get().object_id == str(story.rate.pk)


def test_what_has_begun_holds_longer_only_by_two(client, story, checker):
    soon = (clock.now() + timedelta(days=3)).replace(microsecond=0)
    client.post(on(story.rate, "end"), instants(ends_at=soon))

    client.post(on(story.rate, "end"), instants())
    story.rate.refresh_from_db()
    assert story.rate.during.upper == soon

    approve_latest(client, checker)
    story.rate.refresh_from_db()
    assert story.rate.during.upper is None


def test_what_has_begun_cannot_end_in_the_past_be_replanned_or_withdrawn(client, story):
    answer = client.post(on(story.rate, "end"), instants(ends_at=clock.now() - timedelta(days=3)))

    assert errors_of(answer) == [str(periods.PeriodBegun.title)]
    assert client.post(on(story.rate, "replan"), form(story)).status_code == 403
    assert client.post(on(story.rate, "withdraw"), {}).status_code == 403
    assert client.post(reverse("admin:points_exchangerate_delete", args=[story.rate.pk])).status_code == 403


def test_what_is_to_come_is_replanned_by_two_and_withdrawn_by_one(client, story, checker):
    starts_at = (clock.now() + timedelta(days=5)).replace(microsecond=0)
    client.post(ADD, back(story, starts_at=starts_at, denominator=4, cap_per_member_day=5000))
    approve_latest(client, checker)
    rate = ExchangeRate.objects.get(source=story.mall_points)
    later = starts_at + timedelta(days=1)

    client.post(on(rate, "replan"), {"numerator": 1, "denominator": 3} | instants(later))
    rate.refresh_from_db()
    assert rate.denominator == 4
    approve_latest(client, checker)

    rate.refresh_from_db()
    assert (rate.denominator, rate.during.lower, rate.version) == (3, later, 2)
    assert rate.cap_per_member_day is None
    client.post(on(rate, "withdraw"), {})
    assert not ExchangeRate.objects.filter(pk=rate.pk).exists()
    assert LogEntry.objects.filter(action_flag=3).count() == 1


def test_an_overlap_found_at_approval_is_told_above_the_form(client, story, checker):
    """Both looked free when they were proposed; the second is told when it is approved."""
    for _ in range(2):
        client.post(ADD, back(story))
    first, second = RateProposal.objects.order_by("pk")
    client.force_login(checker)
    client.post(deciding(first), {})

    answer = client.post(deciding(second), {"note": "kept"})

    assert errors_of(answer) == [str(periods.PeriodOverlaps.title)]
    assert "kept" in answer.content.decode()
    second.refresh_from_db()
    assert second.state == "proposed"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("cap_per_member_day", 0, "A cap lets at least one point by. Empty: any number."),
        ("cap_per_member_day", 2**31, "Ensure this value is less than or equal to 2147483647."),
        ("numerator", 0, "Ensure this value is greater than or equal to 1."),
        ("denominator", 1_000_001, "Ensure this value is less than or equal to 1000000."),
    ],
)
def test_what_the_database_demands_is_told_beside_the_field(client, story, field, value, words):
    answer = client.post(ADD, back(story, **{field: value}))

    assert words in answer.context["adminform"].form.errors[field]
    assert not RateProposal.objects.exists()


def test_a_circle_that_gains_is_told_on_the_form_and_writes_nothing(client, story):
    answer = client.post(ADD, back(story, numerator=51, denominator=100))

    assert answer.status_code == 200
    (words,) = answer.context["adminform"].form.non_field_errors()
    assert "exchanging them in a circle: " in words
    assert "HOTELPT → MALLPT" in words
    assert not RateProposal.objects.exists()


def test_a_successor_is_judged_without_the_rate_whose_place_it_takes(client, story, checker):
    """1 hotel = 2 mall would gain with 1 mall = 1 hotel in five days, had it not ended in one."""
    tomorrow = (clock.now() + timedelta(days=1)).replace(microsecond=0)
    in_five_days = tomorrow + timedelta(days=4)
    story.rate.during = DateTimeTZRange(story.rate.during.lower, in_five_days)
    story.rate.save()
    client.post(ADD, back(story, starts_at=in_five_days, denominator=1))
    approve_latest(client, checker)

    refused = client.post(ADD, form(story, starts_at=tomorrow, numerator=3, is_successor="on"))
    taken = client.post(ADD, form(story, starts_at=tomorrow, numerator=1, is_successor="on"))

    assert "in a circle" in refused.context["adminform"].form.non_field_errors()[0]
    assert taken.status_code == 302


def test_a_rate_to_come_is_judged_without_its_former_terms(client, story, checker):
    """1 hotel = 2 mall for a day, and 1 mall = 1 hotel after it; replanned to 1 : 1, it may last."""
    first = (clock.now() + timedelta(days=5)).replace(microsecond=0)
    story.rate.during = DateTimeTZRange(first, first + timedelta(days=1))
    story.rate.save()
    client.post(ADD, back(story, starts_at=first + timedelta(days=1), denominator=1))
    approve_latest(client, checker)

    refused = client.post(on(story.rate, "replan"), {"numerator": 2, "denominator": 1} | instants(first))
    taken = client.post(on(story.rate, "replan"), {"numerator": 1, "denominator": 1} | instants(first))

    assert "in a circle" in errors_of(refused)[0]
    assert taken.status_code == 302


def test_the_page_of_a_proposal_says_whether_a_circle_would_gain(client, story, checker):
    """It gained nothing when it was proposed; meanwhile another rate would close a circle with it."""
    client.post(ADD, back(story))
    story.rate.numerator = 3
    story.rate.save()

    page = client.get(reverse("admin:points_rateproposal_change", args=[RateProposal.objects.get().pk]))

    assert "If it were approved now" in page.content.decode()
    assert "→ MALLPT" in page.content.decode()


def test_a_refusal_that_the_form_did_not_foresee_is_told_and_is_no_server_error(client, story, monkeypatch):
    monkeypatch.setattr("points.admin.rate_form.gaining_loop_with", lambda *_args, **_kwargs: None)

    answer = client.post(ADD, back(story, denominator=1), follow=True)

    assert answer.status_code == 200
    (message,) = answer.context["messages"]
    assert "in a circle: " in str(message)
    assert not RateProposal.objects.exists()
