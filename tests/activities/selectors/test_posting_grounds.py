"""Why the ledger holds what it holds: the rules behind an activity's postings, as they were seen then."""

from datetime import timedelta

import pytest

from activities.models import Activity
from activities.selectors.posting_grounds import activity_of, rules_behind
from points.models import Posting, PostingKind
from points.selectors.explaining import explain_posting
from tests.activities.reporting import make_member, make_shop, record, refunded, sold
from tests.factories import NOW, give, make_earn_rule, make_program, make_unit
from tests.members.api.test_identities import app
from tests.members.factories import numbered_member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = (NOW + timedelta(days=1)).isoformat()


@pytest.fixture
def mall():
    mall = make_shop("MALL")
    make_earn_rule(mall, make_program("GROUP"), "0.1", code="GROUP")
    stays = {"conditions": {"kinds": ["stay"]}}
    make_earn_rule(mall, mall.earn_rules.first().program, "0", code="STAYS", fixed_points=9, terms=stays)
    return mall


@pytest.fixture
def capped():
    """A unit whose only rule gives ten points a day at most."""
    unit = make_unit("CAFE")
    make_earn_rule(unit, make_program("CAFE", owner=unit), "1", code="CUP", terms={"caps": {"per_day": 10}})
    return unit


def told(posting):
    return [(line.rule, line.reason, line.exact_told) for line in rules_behind(posting)]


def test_an_accrual_tells_its_programs_rules_taken_or_not(mall):
    record(mall, sold("S1", "100.00", member=make_member()))

    postings = {posting.program.code: posting for posting in Posting.objects.select_related("program")}

    assert told(postings["MALL"]) == [
        ("earn:MALL-MALL v1", "base_rate", "100"),
        ("earn:STAYS v1", "other_kind", "0"),
    ]
    assert told(postings["GROUP"]) == [("earn:GROUP v1", "base_rate", "10")]


def test_what_a_refund_takes_back_tells_by_which_rules_it_was_earned(mall):
    record(mall, sold("S1", "100.00", member=make_member()), refunded("F1", "30.00"))

    taken = Posting.objects.get(kind=PostingKind.REVERSAL, program__code="MALL")

    assert told(taken)[0] == ("earn:MALL-MALL v1", "base_rate", "100")
    assert activity_of(taken) == Activity.objects.get(source_ref="F1")


def test_each_posting_tells_what_stood_when_it_was_made(capped):
    member = make_member()
    record(capped, sold("LATE", "8.00", member=member, at=NOW + timedelta(hours=1)))
    record(capped, sold("EARLY", "9.00", member=member))

    first, back = Posting.objects.filter(source_ref__endswith="LATE").order_by("id")

    assert (first.points, told(first)) == (8, [("earn:CUP v1", "base_rate", "8")])
    assert (back.kind, back.points) == (PostingKind.REVERSAL, 7)
    assert told(back) == [("earn:CUP v1", "capped", "1")]


def test_points_that_no_activity_gave_have_no_rules(mall):
    give(make_member(), mall.earn_rules.first().program, 5)

    assert told(Posting.objects.get()) == []
    assert activity_of(Posting.objects.get()) is None


def test_a_lot_of_its_own_leads_to_its_activity_too(capped):
    program = capped.earn_rules.get().program
    make_earn_rule(capped, program, "1", code="WAIT", terms={"pending_days": 7})
    record(capped, sold("S1", "5.00", member=make_member()))

    assert {activity_of(posting) for posting in Posting.objects.all()} == {Activity.objects.get()}


def test_a_member_reads_the_rules_of_a_line_of_the_statement(mall):
    ann = numbered_member(name="Ann")
    record(mall, sold("S1", "100.00", member=ann))
    posting = Posting.objects.get(program__code="GROUP")

    told = app(ann).get(f"/api/v1/me/postings/{posting.pk}", headers={"Accept-Language": "zh-hans"}).json()

    assert told["trace"] == [
        {
            "rule": "earn:GROUP v1",
            "program": "GROUP",
            "taken": True,
            "reason": "base_rate",
            "words": "按此比率为消费金额积分",
            "points": 10,
            "exact": "10",
        }
    ]


def test_explaining_asks_no_more_for_many_rules(mall, django_assert_max_num_queries):
    for number in range(8):
        program = mall.earn_rules.first().program
        make_earn_rule(mall, program, "0.1", code=f"MORE{number}")
    record(mall, sold("S1", "100.00", member=make_member()))

    with django_assert_max_num_queries(12):
        assert len(explain_posting(posting_id=Posting.objects.get(program__code="MALL").pk).grounds) == 10
