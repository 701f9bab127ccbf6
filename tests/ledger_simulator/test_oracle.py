"""The oracle by itself: the worked examples of the domain, without any database."""

from datetime import timedelta

from tests.ledger_simulator import world
from tests.ledger_simulator.operations import Op
from tests.ledger_simulator.oracle import Oracle

AT = world.START + timedelta(days=10)


def give(oracle, program, points, *, at=AT, ref=""):
    return oracle.ask(
        Op("accrue", at, unit="MALL", ref=ref or program, member=1, program=program, points=points)
    )


def spend(oracle, price, *, at=AT, program="MALL"):
    return oracle.ask(Op("redeem", at, unit="MALL", ref="sale", member=1, program=program, points=price))[0]


def balance(oracle, program):
    return oracle.wallets[1, program].balance


def test_other_wallets_pay_only_what_is_missing():
    oracle = Oracle({})
    give(oracle, "MALL", 600)
    give(oracle, "HOTEL", 500)  # 2 hotel points = 3 mall points

    answer = spend(oracle, 1000)

    assert answer.shares == (("MALL", 600, 600), ("HOTEL", 267, 400))
    assert balance(oracle, "HOTEL") == 233


def test_points_are_dead_from_the_local_midnight_after_their_last_day():
    oracle = Oracle({})
    give(oracle, "MALL", 10, at=world.START)  # 30 days in Shanghai, where it is eight hours later
    last = world.START + timedelta(days=31) - timedelta(hours=8)

    before = spend(oracle, 5, at=last - timedelta(microseconds=1))
    after = spend(Oracle({}), 5, at=last)

    assert (before.outcome, after.outcome) == ("posted", "insufficient_points")


def test_a_refund_of_spent_points_leaves_a_debt_that_the_next_accrual_repays():
    oracle = Oracle({})
    give(oracle, "MALL", 100)
    spend(oracle, 80)

    oracle.ask(Op("take_back", AT, unit="MALL", ref="back", original="MALL", points=100))
    owing = oracle.wallets[1, "MALL"].debt
    give(oracle, "MALL", 90, ref="later")

    assert owing == 80
    assert (balance(oracle, "MALL"), oracle.wallets[1, "MALL"].debt) == (10, 0)


def test_parts_of_a_reversal_add_up_to_the_whole():
    oracle = Oracle({})
    give(oracle, "MALL", 7)
    give(oracle, "HOTEL", 500)
    spend(oracle, 100)

    for number in range(100):
        back = Op("put_back", AT, unit="MALL", ref=f"back-{number}", original="sale", points=1)
        assert oracle.ask(back)[0].outcome == "posted"

    assert (balance(oracle, "MALL"), balance(oracle, "HOTEL")) == (7, 500)


def test_a_hold_keeps_its_points_from_everybody_else_until_it_ends():
    oracle = Oracle({})
    give(oracle, "MALL", 100)
    oracle.ask(Op("hold", AT, unit="MALL", ref="held", member=1, program="MALL", points=80))

    refused = spend(oracle, 30)
    oracle.ask(Op("time_out", AT + timedelta(minutes=15)))

    assert (refused.outcome, refused.short) == ("insufficient_points", 10)
    assert spend(oracle, 100).outcome == "posted"
