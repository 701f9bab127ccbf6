"""The statement of a member, and the rates in force."""

from datetime import timedelta

import pytest
from django.db import connection

from points.selectors.rates import rates_in_force
from points.selectors.statements import statement, touching_program
from points.services.exchange import exchange_points
from points.services.transfer import transfer_points
from tests.factories import NOW, give, make_member, make_program, make_rate, make_unit, redeem
from tests.points.services.households import make_household

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def story():
    """600 mall and 500 hotel points; a price of 1,000 mall points at 1 hotel = 2 mall."""
    member, mall, hotel = make_member(), make_unit("MALL"), make_unit("HOTEL", "hotel")
    mall_program, hotel_program = make_program("MALL", owner=mall), make_program("HOTEL", owner=hotel)
    make_rate(hotel_program, mall_program, 2)
    give(member, mall_program, 600, source_ref="r1", occurred_at=NOW - 3 * DAY)
    give(member, hotel_program, 500, source_ref="r2", occurred_at=NOW - 2 * DAY)
    redeem(member, mall_program, 1000, unit=mall, source_ref="r3", at=NOW)
    return member


def moved(posting):
    return {entry.program.code: entry.points for entry in posting.entries.all()}


def test_a_statement_is_newest_first_and_signs_what_moved(story):
    postings = list(statement(member_id=story.pk))

    assert [(p.source_ref, moved(p)) for p in postings] == [
        ("r3", {"HOTEL": -200, "MALL": -600}),
        ("r2", {"HOTEL": 500}),
        ("r1", {"MALL": 600}),
    ]


def test_what_a_statement_signs_sums_to_the_wallets(story):
    sums = {}
    for posting in statement(member_id=story.pk):
        for code, points in moved(posting).items():
            sums[code] = sums.get(code, 0) + points

    assert sums == {w.program.code: w.balance for w in story.wallets.all()} == {"MALL": 0, "HOTEL": 300}


def test_a_statement_holds_nothing_of_another_member(story):
    assert not statement(member_id=make_member().pk).exists()


def test_a_program_finds_the_postings_that_moved_its_points(story):
    found = touching_program(statement(member_id=story.pk), "HOTEL")

    assert [posting.source_ref for posting in found] == ["r3", "r2"]


def test_any_number_of_postings_costs_three_queries(story, django_assert_num_queries):
    with django_assert_num_queries(3):  # the person's numbers, the postings, their entries
        told = [(p.unit.code, p.program.code, moved(p)) for p in statement(member_id=story.pk)]

    assert len(told) == 3


def test_only_rates_that_hold_at_the_instant_are_in_force(django_assert_num_queries):
    mall, hotel = make_program("MALL"), make_program("HOTEL")
    make_rate(hotel, mall, 3, ends_at=NOW)
    make_rate(hotel, mall, 2, starts_at=NOW, ends_at=NOW + DAY)
    make_rate(mall, hotel, 1, 4, starts_at=NOW + DAY)

    with django_assert_num_queries(1):
        told = [(r.source.code, r.target.code, r.numerator, r.denominator) for r in rates_in_force(at=NOW)]

    assert told == [("HOTEL", "MALL", 2, 1)]


@pytest.mark.parametrize("code", ["HOTEL", "MALL"])
def test_an_exchange_is_one_posting_found_by_either_program(story, code):
    programs = {wallet.program.code: wallet.program for wallet in story.wallets.select_related("program")}
    exchange_points(
        member=story,
        source=programs["HOTEL"],
        target=programs["MALL"],
        points=100,
        source_ref="x",
        by="test",
        at=NOW + DAY,
    )

    posting = touching_program(statement(member_id=story.pk), code)[0]

    assert (posting.kind, moved(posting)) == ("exchange", {"HOTEL": -100, "MALL": 200})


def test_both_sides_of_a_transfer_are_looked_up_by_an_index(story):
    # Small tables are read whole, or along any index: what counts is that each side of the OR has one to use.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    plan = statement(member_id=story.pk).explain()

    assert "posting_statement" in plan
    assert "posting_received" in plan


def test_what_came_from_another_member_stands_in_the_statement_with_ones_own_side(story):
    kin = make_member()
    make_household(story, kin)
    program = story.wallets.get(program__code="HOTEL").program
    transfer_points(
        giver=story, recipient=kin, program=program, points=50, source_ref="t", by="test", at=NOW + DAY
    )

    given, received = statement(member_id=story.pk)[0], list(statement(member_id=kin.pk))

    assert moved(given) == {"HOTEL": -50}
    assert [(p.kind, moved(p)) for p in received] == [("transfer", {"HOTEL": 50})]
