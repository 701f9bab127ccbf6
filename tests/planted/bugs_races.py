"""Locks taken away, locks taken in the wrong order, and looks that come too early."""

from tests.planted.bug import Bug

_AT = "races/test_interleavings.py::"
_SPENDS = _AT + "test_who_comes_while_another_spends_finds_what_is_left"
_ORDER = _AT + "test_who_waits_for_the_first_wallet_holds_none_of_the_others"
_TWIN = _AT + "test_a_twin_that_waited_hears_the_first_ones_answer"


def _unlocked(place: str, good: str, caught_by: str, says: str) -> Bug:
    return Bug(
        says=says, place=place, good=good, bad=good.replace(" FOR NO KEY UPDATE", ""), caught_by=caught_by
    )


def _reversed(place: str, good: str, case: str, *, times: int = 1) -> Bug:
    return Bug(
        says=f"{place} locks wallets in the wrong order", place=place, good=good, times=times,
        bad=good.replace("ORDER BY w.id", "ORDER BY w.id DESC").replace("ORDER BY x.id", "ORDER BY x.id DESC")
        .replace("ORDER BY id", "ORDER BY id DESC"),
        caught_by=f"{_ORDER}[{case}]",
    )  # fmt: skip


_OF_MEMBER = "PERFORM FROM points_wallet w WHERE w.member_id = {} ORDER BY w.id FOR NO KEY UPDATE;"
_REDEEM = "WHERE x.member_id = p_member ORDER BY x.id FOR NO KEY UPDATE) w;"
_HOLD = "SELECT x.id FROM points_wallet x WHERE x.member_id = p_member ORDER BY x.id FOR NO KEY UPDATE"
# The first keeps the order of wallets, the second the one that pays: either makes two exchanges wait.
_EXCHANGE = (
    _OF_MEMBER.format("p_member")
    + """
        -- Locked by now, unless it came to be since. One that comes later still pays nothing: the cap is read under this lock.
        SELECT w.id INTO v_from FROM points_wallet w
            WHERE w.member_id = p_member AND w.program_id = p_source FOR NO KEY UPDATE;"""
)
_SWEEP = "PERFORM FROM points_wallet w WHERE w.id = ANY (v_wallets) ORDER BY w.id FOR NO KEY UPDATE;"

RACES = (
    _unlocked("points_redeem", _REDEEM, f"{_SPENDS}[redeem-redeem]", "a redemption takes no lock"),
    Bug(
        says="a hold takes no lock", place="points_hold_price", good=_HOLD, times=2,
        bad=_HOLD.replace(" FOR NO KEY UPDATE", ""), caught_by=f"{_SPENDS}[redeem-hold]",
    ),
    _unlocked("points_capture_hold", _OF_MEMBER.format("h.member_id"), f"{_ORDER}[capture]",
              "a capture takes no lock"),
    _unlocked("points_expire", _SWEEP, _AT + "test_a_sweep_takes_what_a_sale_left", "a sweep takes no lock"),
    _unlocked("points_exchange", _EXCHANGE, _AT + "test_a_cap_counts_what_is_just_being_exchanged",
              "an exchange takes no lock"),
    _unlocked("points_reverse_redemption", _OF_MEMBER.format("o.member_id"),
              _AT + "test_a_cancellation_waits_for_the_other_and_exceeds_with_it", "a cancellation takes no lock"),
    _unlocked("points_reverse_accrual", "AND w.merged_into IS NULL FOR NO KEY UPDATE;",
              _AT + "test_a_refund_waits_for_the_other_and_exceeds_with_it", "a refund takes no lock"),
    Bug(
        says="an accrual believes a debt that it read before the lock", place="points_accrue",
        good="AND debt = 0 AND NOT p_rolls", bad="AND NOT p_rolls",
        caught_by=_AT + "test_an_accrual_repays_a_debt_that_is_just_arising[accrue]",
    ),
    Bug(
        says="a batch of accruals takes no lock", place="points_accrue_many",
        good="ORDER BY w.id FOR NO KEY UPDATE OF w;", bad="ORDER BY w.id;",
        caught_by=_AT + "test_an_accrual_repays_a_debt_that_is_just_arising[accrue_many]",
    ),
    _reversed("points_redeem", _REDEEM, "redeem"),
    _reversed("points_redeem_many",
              "PERFORM FROM points_wallet w WHERE w.member_id = ANY (p_members) ORDER BY w.id FOR NO KEY UPDATE;",
              "redeem a batch"),
    _reversed("points_accrue_many", "ORDER BY w.id FOR NO KEY UPDATE OF w;", "accrue a batch"),
    _reversed("points_hold_price", _HOLD, "hold", times=2),
    _reversed("points_capture_hold", _OF_MEMBER.format("h.member_id"), "capture"),
    _reversed("points_void_hold", _OF_MEMBER.format("h.member_id"), "void"),
    _reversed("points_reverse_redemption", _OF_MEMBER.format("o.member_id"), "cancel"),
    _reversed("points_exchange", _OF_MEMBER.format("p_member"), "exchange"),
    _reversed("points_expire", _SWEEP, "sweep"),
    Bug(
        says="a replayed sale waits for the lock", place="points_redeem",
        good="-- A replay needs no lock.",
        bad="PERFORM FROM points_wallet WHERE member_id = p_member FOR NO KEY UPDATE;",
        caught_by=_AT + "test_a_replay_waits_for_nobody[redeem]",
    ),
    Bug(
        says="a repeated refund is looked for only before the lock", place="points_reverse_accrual",
        good="FOR v_look IN 1 .. 2 LOOP", bad="FOR v_look IN 1 .. 1 LOOP",
        caught_by=f"{_TWIN}[refund]",
    ),
    Bug(
        says="a sale looks for its twin only before the lock", place="points_redeem_widely",
        good="WHERE p.unit_id = p_unit AND p.kind = 'redemption' AND p.source_ref = p_source_ref;", bad="WHERE false;",
        caught_by=f"{_TWIN}[redeem]",
    ),
)  # fmt: skip
