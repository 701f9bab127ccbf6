"""The replayer: clean on what the system really wrote, red on a file that anybody changed."""

import ast
import contextlib
import json
import random
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from common.errors import DomainError
from points import ledger
from points.services.expiry import expire_due_lots
from points.services.holds import capture_hold, hold_points, void_hold
from points.services.maturing import release_pending
from points.services.moving import move_wallets, undo_move
from points.services.reversal import reverse_accrual, reverse_redemption
from points.services.transfer import transfer_points
from tests.factories import NOW, give, make_member, make_program, make_rate, make_unit, redeem
from tests.points.services.households import make_household
from tools.replay_journal import NotAJournal, replay

TOOL = Path(__file__).resolve().parents[2] / "tools" / "replay_journal.py"
SEED = 20260615

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def journal():
    """The lines of a random history of two members in two programs: debts, graces, holds, expiries."""
    dice = random.Random(SEED)
    mall, hotel = make_unit("MALL"), make_unit("HOTEL", "hotel")
    programs = [
        make_program("MALL", owner=mall, expiry_kind="days", expiry_count=20),
        make_program("HOTEL", owner=hotel, expiry_kind="month_end", expiry_count=1),
    ]
    make_rate(programs[1], programs[0], 3, 2)
    members = [make_member() for _ in range(2)]
    given, spent = ["never given"], ["never spent"]
    for number in range(120):
        act = Act(dice, number, dice.choice(members), dice.choice(programs), mall, given, spent)
        with contextlib.suppress(DomainError):
            act.happen()
    leave_a_debt(members[0], mall)
    carry_points(members, mall)
    out = StringIO()
    call_command("export_journal", stdout=out, stderr=StringIO())
    return [json.loads(line) for line in out.getvalue().splitlines()]


def leave_a_debt(member, unit):
    """100 points given and spent, 60 of them taken back, 20 of the debt repaid."""
    program = make_program("OWING", owner=unit)
    give(member, program, 100, source_ref="owing")
    redeem(member, program, 100, unit=unit)
    reverse_accrual(
        unit=unit, accrual_ref="owing", points=60, source_ref="owing-back", by="test", at=NOW
    )  # fmt: skip
    give(member, program, 20)


def carry_points(members, unit):
    """Points adjusted, released early, given to one who owes, moved with a debt, and half of that undone."""
    program = make_program("CARRIED", owner=unit)
    giver, taker = members
    make_household(giver, taker)
    give(giver, program, 90, source_ref="carried", available_at=NOW + timedelta(days=9))
    release_pending(unit=unit, accrual_ref="carried", source_ref="released", by="test", at=NOW)
    give(taker, program, 50, source_ref="owed")
    redeem(taker, program, 50, unit=unit)
    reverse_accrual(unit=unit, accrual_ref="owed", points=50, source_ref="owed-back", by="test", at=NOW)
    transfer_points(
        giver=giver, recipient=taker, program=program, points=30, source_ref="gift", by="test", at=NOW
    )  # fmt: skip
    adjusted = ledger.Adjustment(
        giver.pk, program.pk, unit.pk, -10, "adj", NOW, None, program.unit_cost, rolls=False, reason="理由"
    )
    ledger.adjust(adjusted, actor="test")
    there = move_wallets(giver=taker, recipient=giver, source_ref="m", by="test", at=NOW, program=program)
    redeem(giver, program, 25, unit=unit)
    undo_move(move=there[0].posting, source_ref="u", by="test", at=NOW)
    move_wallets(giver=giver, recipient=taker, source_ref="m2", by="test", at=NOW, program=program)


class Act:
    """One random thing that happens to a member, some time after the one before."""

    def __init__(self, dice, number, member, program, unit, given, spent):
        self.dice, self.member, self.program, self.unit = dice, member, program, unit
        self.given, self.spent = given, spent
        self.ref = f"act|{number}\\ 收据 {number}"
        self.at = NOW + timedelta(days=number // 3, microseconds=dice.randrange(10**6))
        self.points = dice.randrange(1, 400)

    def happen(self):
        choices = [self.give, self.give, self.spend, self.hold, self.refund, self.cancel, self.sweep]
        self.dice.choice(choices)()

    def give(self):
        give(self.member, self.program, self.points, unit=self.unit, source_ref=self.ref,
             occurred_at=self.at, rule="base v1")  # fmt: skip
        self.given.append(self.ref)

    def spend(self):
        redeem(self.member, self.program, self.points, unit=self.unit, source_ref=self.ref, at=self.at)
        self.spent.append(self.ref)

    def hold(self):
        held = hold_points(
            member=self.member, program=self.program, unit=self.unit, price=self.points, source_ref=self.ref,
            by="test", at=self.at,
        ).hold  # fmt: skip
        if self.dice.random() < 0.5:
            part = self.dice.randrange(1, self.points + 1)
            capture_hold(hold_id=held.pk, units=[self.unit], points=part, by="test", at=self.at)
            self.spent.append(self.ref)
        elif self.dice.random() < 0.5:
            void_hold(hold_id=held.pk, units=[self.unit], at=self.at)

    def refund(self):
        reverse_accrual(
            unit=self.unit, accrual_ref=self.dice.choice(self.given), points=self.dice.randrange(1, 400),
            source_ref=self.ref, by="test", at=self.at,
        )  # fmt: skip

    def cancel(self):
        reverse_redemption(
            unit=self.unit, redemption_ref=self.dice.choice(self.spent), points=self.dice.randrange(1, 100),
            source_ref=self.ref, by="test", at=self.at,
        )  # fmt: skip

    def sweep(self):
        expire_due_lots(at=self.at)


def checks_that_fail(rows):
    return {check for check, _row, _detail in replay(json.dumps(row) for row in rows).found}


def first(rows, of_type, **facts):
    return next(
        r for r in rows if r["type"] == of_type and all(r[name] == value for name, value in facts.items())
    )


def test_a_real_history_replays_clean(journal):
    kinds = {row["kind"] for row in journal if row["type"] == "posting"}
    owing = [row for row in journal if row["type"] == "posting" and (row["detail"] or {}).get("owed")]

    assert kinds == {
        "accrual", "redemption", "reversal", "expiry", "maturity", "transfer", "adjustment", "move"
    }  # fmt: skip
    assert owing
    assert any(row["held"] for row in journal if row["type"] == "lot")
    assert checks_that_fail(journal) == set()


def raise_balance(rows):
    first(rows, "wallet")["balance"] += 1


def forget_debt(rows):
    next(row for row in rows if row["type"] == "wallet" and row["debt"])["debt"] -= 1


def raise_remaining(rows):
    first(rows, "lot")["remaining"] += 1


def hold_too_much(rows):
    lot = first(rows, "lot", is_open=True)
    lot["held"] = lot["remaining"] + 1


def close_a_lot(rows):
    first(rows, "lot", is_open=True)["is_open"] = False


def change_one_leg(rows):
    first(rows, "entry", leg="house")["points"] += 5


def change_both_legs(rows):
    entry = first(rows, "entry", leg="wallet")
    entry["points"] += 5
    first(rows, "entry", leg="house", id=entry["id"])["points"] -= 5


def forget_a_leg(rows):
    rows.remove(first(rows, "entry", leg="house"))


def forget_a_draw(rows):
    rows.remove(first(rows, "draw"))


def double_a_draw(rows):
    draw = first(rows, "draw")
    rows.insert(rows.index(draw), draw | {"id": 10**9})


def draw_more_than_a_lot_has(rows):
    draw = first(rows, "draw")
    draw["points"] += 10**6


def keep_what_was_given(rows):
    taken = next(r for r in rows if r.get("account") == "transfer" and r["points"] < 0)
    for leg in [row for row in rows if row["type"] == "entry" and row["id"] == taken["id"]]:
        rows.remove(leg)


def forget_a_posting(rows):
    rows.remove(first(rows, "posting", kind="redemption"))


def forget_a_lot(rows):
    rows.remove(first(rows, "lot"))


def forget_a_wallet(rows):
    rows.remove(first(rows, "wallet"))


def post_a_reference_twice(rows):
    one = first(rows, "posting", kind="accrual")
    other = next(r for r in rows if r["type"] == "posting" and r["kind"] == "accrual" and r is not one)
    other["source_ref"] = one["source_ref"]


def reverse_more_than_was_posted(rows):
    reversal = next(row for row in rows if row["type"] == "posting" and row["reverses"])
    reversal["points"] += 10**6


def reverse_what_never_was(rows):
    reversal = next(row for row in rows if row["type"] == "posting" and row["reverses"])
    reversal["reverses"] = "00000000-0000-7000-8000-000000000000"


def spend_a_dead_lot(rows):
    redemption = first(rows, "posting", kind="redemption")
    lot = first(rows, "draw", posting=redemption["id"])["lot"]
    first(rows, "lot", id=lot)["expires_at"] = redemption["occurred_at"]
    (redemption["detail"] or {}).pop("held_at", None)


def expire_a_living_lot(rows):
    expiry = first(rows, "posting", kind="expiry")
    lot = first(rows, "draw", posting=expiry["id"])["lot"]
    first(rows, "lot", id=lot)["expires_at"] = None


def move_a_posting_in_time(rows):
    first(rows, "posting")["posted_at"] = "2026-06-15T04:00:00.000001+00:00"


def blame_another(rows):
    first(rows, "posting")["actor"] = "mallory"


def move_an_entry_to_another_unit(rows):
    entry = first(rows, "entry", leg="house")
    entry["unit"] = "HOTEL" if entry["unit"] == "MALL" else "MALL"


def change_a_cost(rows):
    first(rows, "lot")["unit_cost"] = "0.010001"


def rewrite_a_share(rows):
    first(rows, "posting", kind="redemption")["detail"]["shares"][0]["spent"] += 1


def give_a_lot_to_another_member(rows):
    lot = first(rows, "lot")
    lot["member"] = next(r["member"] for r in rows if r["type"] == "wallet" and r["member"] != lot["member"])


CORRUPTIONS = {
    keep_what_was_given: "carried_points_stay",
    raise_balance: "wallet_is_its_postings",
    forget_debt: "wallet_is_its_postings",
    raise_remaining: "lot_is_its_draws",
    hold_too_much: "held_within_remaining",
    close_a_lot: "lot_is_open_while_points_remain",
    change_one_leg: "postings_sum_to_zero",
    change_both_legs: "wallet_is_its_lots",
    forget_a_leg: "entry_has_two_legs",
    forget_a_draw: "lot_is_its_draws",
    double_a_draw: "entries_are_lots_and_draws",
    draw_more_than_a_lot_has: "lots_within_bounds",
    forget_a_posting: "nothing_is_orphaned",
    forget_a_lot: "nothing_is_orphaned",
    forget_a_wallet: "nothing_is_orphaned",
    post_a_reference_twice: "one_reference_posts_once",
    reverse_more_than_was_posted: "reversals_within_original",
    reverse_what_never_was: "nothing_is_orphaned",
    spend_a_dead_lot: "spent_points_were_alive",
    expire_a_living_lot: "expired_points_were_dead",
    move_a_posting_in_time: "digest_fits",
    blame_another: "digest_fits",
    move_an_entry_to_another_unit: "digest_fits",
    change_a_cost: "digest_fits",
    rewrite_a_share: "digest_fits",
    give_a_lot_to_another_member: "nothing_is_orphaned",
}


def test_every_corruption_is_found(journal):
    missed = {}
    for corrupt, check in CORRUPTIONS.items():
        rows = [dict(row) for row in json.loads(json.dumps(journal))]
        corrupt(rows)
        if check not in (found := checks_that_fail(rows)):
            missed[corrupt.__name__] = found

    assert not missed


def test_what_is_no_journal_is_refused(journal):
    with pytest.raises(NotAJournal, match="line 2"):
        replay(['{"type": "unit", "id": 1, "code": "MALL"}', "not json"])
    with pytest.raises(NotAJournal, match="after wallet"):
        replay(json.dumps(row) for row in reversed(journal))


def test_it_runs_by_itself_and_says_by_its_exit_code(journal, tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in journal), encoding="utf-8")
    raise_balance(journal)

    clean = run(str(path))
    broken = run("-", "--json", text="".join(json.dumps(row) + "\n" for row in journal))
    absent = run(str(tmp_path / "absent"))

    assert (clean.returncode, broken.returncode, absent.returncode) == (0, 1, 2)
    assert clean.stdout.startswith("0 disagreements in 2 unit, 4 program")
    assert [row["check"] for row in json.loads(broken.stdout)["disagreements"]] == ["wallet_is_its_postings"]


def test_it_is_short_and_knows_only_the_standard_library():
    text = TOOL.read_text(encoding="utf-8")
    tree = ast.parse(text)
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert len(text.splitlines()) <= 300
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


def run(*arguments, text=None):
    return subprocess.run(
        [sys.executable, "-I", "-S", str(TOOL), *arguments],
        input=text, capture_output=True, text=True, check=False, encoding="utf-8",
    )  # fmt: skip
