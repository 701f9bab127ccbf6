"""Bugs in what is earned, taken back and expires: debts, sweeps, renewals, and points that change hands."""

from tests.planted.bug import Bug

_ACCRUAL = "points/services/test_accrual.py::"
_REVERSAL = "points/services/test_reversal.py::"
_EXPIRY = "points/services/test_expiry.py::"
_TRANSFER = "points/services/test_transfer.py::"

EARNING = (
    Bug(
        says="a debt is not repaid", place="points_accrue_rarely",
        good="v_repaid := least(v_debt, p_points)", bad="v_repaid := 0",
        caught_by=_REVERSAL + "test_what_is_wholly_spent_becomes_a_debt_that_the_next_accrual_repays",
    ),
    Bug(
        says="a debt is repaid beyond what is owed", place="points_accrue_rarely",
        good="v_repaid := least(v_debt, p_points)", bad="v_repaid := p_points",
        caught_by=_REVERSAL + "test_what_is_wholly_spent_becomes_a_debt_that_the_next_accrual_repays",
    ),
    Bug(
        says="a batch repays a debt in the wrong order", place="points_accrue_many",
        good="WINDOW mine AS (PARTITION BY f.member_id, f.program_id ORDER BY f.ord)",
        bad="WINDOW mine AS (PARTITION BY f.member_id, f.program_id ORDER BY f.ord DESC)",
        caught_by=_REVERSAL + "test_a_batch_repays_a_debt_lot_by_lot_in_the_order_asked",
    ),
    Bug(
        says="a repeated accrual is answered whatever it asks", place="points_accrue_rarely",
        good="earlier.points) = (p_member, p_program, p_points)", bad="earlier.points) = (p_member, p_program, earlier.points)",
        caught_by=_ACCRUAL + "test_same_reference_with_other_content_is_refused",
    ),
    Bug(
        says="a billion and one points are given", place="points_accrue_rarely",
        good="p_points NOT BETWEEN 1 AND 1000000000", bad="p_points NOT BETWEEN 1 AND 1000000001",
        caught_by=_ACCRUAL + "test_absurd_numbers_of_points_are_refused_and_leave_no_wallet",
    ),
    Bug(
        says="zero points are given", place="points_accrue_many",
        good="WHERE a.points BETWEEN 1 AND 1000000000", bad="WHERE a.points BETWEEN 0 AND 1000000000",
        caught_by=_ACCRUAL + "test_a_batch_answers_each_grant_in_order",
    ),
    Bug(
        says="a refund begins with other lots", place="points_reverse_accrual",
        good="ORDER BY l.posting_id <> p_original AND", bad="ORDER BY l.posting_id = p_original AND",
        caught_by=_REVERSAL + "test_a_refund_takes_from_the_original_lot_before_any_other",
    ),
    Bug(
        says="a second refund is not counted", place="points_reverse_accrual",
        good="WHERE p.reverses = p_original) + p_points", bad="WHERE false) + p_points",
        caught_by=_REVERSAL + "test_the_parts_never_exceed_the_whole",
    ),
    Bug(
        says="a refund exceeds by one", place="points_reverse_accrual",
        good="IF p_points < 1 OR short > 0 THEN", bad="IF p_points < 1 OR short > 1 THEN",
        caught_by=_REVERSAL + "test_the_parts_never_exceed_the_whole",
    ),
    Bug(
        says="what is short is forgotten instead of owed", place="points_reverse_accrual",
        good="owed := CASE WHEN p_policy = 'debt' THEN short ELSE 0 END", bad="owed := 0",
        caught_by=_REVERSAL + "test_what_is_wholly_spent_becomes_a_debt_that_the_next_accrual_repays",
    ),
    Bug(
        says="a program that refuses such refunds posts them", place="points_reverse_accrual",
        good="IF short > 0 AND p_policy = 'refuse' THEN", bad="IF short > 0 AND p_policy = 'never' THEN",
        caught_by=_REVERSAL + "test_a_program_may_refuse_what_is_spent",
    ),
    Bug(
        says="a refund takes held points", place="points_reverse_accrual",
        good="l.remaining - l.held AS remaining", bad="l.remaining AS remaining",
        caught_by="points/services/test_holds.py::test_a_refund_leaves_held_points_to_their_hold",
    ),
    Bug(
        says="a refund takes dead lots that are not its own", place="points_reverse_accrual",
        good="(l.posting_id = p_original OR l.id = ANY (v_own) OR l.expires_at > p_at)", bad="true",
        caught_by="points/test_gaps.py::test_a_refund_leaves_other_dead_lots_to_the_sweep",
    ),
    Bug(
        says="a sweep takes what is held", place="points_expire",
        good="l.remaining - l.held AS remaining", bad="l.remaining AS remaining",
        caught_by="points/services/test_holds.py::test_held_lots_outlive_their_expiry_until_the_hold_ends",
    ),
    Bug(
        says="a sweep forgets the last lot of an instant", place="points_expire",
        good="AND l.is_open AND l.expires_at <= p_at", bad="AND l.is_open AND l.expires_at < p_at",
        caught_by=_EXPIRY + "test_a_lot_lives_until_its_instant",
    ),
    Bug(
        says="a sweep may be asked for tomorrow", place="points_expire",
        good="p_at > clock_timestamp() + interval '1 minute'", bad="p_at > clock_timestamp() + interval '1000 years'",
        caught_by=_EXPIRY + "test_a_clock_that_runs_ahead_ends_nothing",
    ),
    Bug(
        says="an expiry is dated by the sweep", place="points_expire",
        good="g.expires_at, v_now, p_actor, '',", bad="p_at, v_now, p_actor, '',",
        caught_by=_EXPIRY + "test_the_posting_is_dated_when_the_points_died_not_when_the_sweep_ran",
    ),
    Bug(
        says="breakage goes to another unit than the issuer", place="points_expire",
        good="'expired', g.issuer_id, -g.points FROM grouped g", bad="'expired', 1, -g.points FROM grouped g",
        caught_by=_EXPIRY + "test_due_lots_become_breakage_of_their_issuers",
    ),
    Bug(
        says="a lot that lapsed is renewed", place="points_renew_wallet",
        good="l.expires_at > p_occurred_at", bad="l.expires_at > '-infinity'",
        caught_by="points/test_gaps.py::test_a_lot_that_lapsed_is_not_renewed",
    ),
    Bug(
        says="a renewal shortens a lot", place="points_renew_wallet",
        good="AND l.expires_at < p_until", bad="AND l.expires_at <> p_until",
        caught_by="points/test_gaps.py::test_a_late_report_shortens_nothing",
    ),
    Bug(
        says="a renewal touches lots that do not roll", place="points_renew_wallet",
        good=" AND l.rolls\n", bad="\n",
        caught_by="points/test_gaps.py::test_only_lots_that_roll_are_renewed",
    ),
    Bug(
        says="an adjustment down takes pending points", place="points_take",
        good="AND l.available_at <= p_at", bad="",
        caught_by="points/test_gaps.py::test_an_adjustment_takes_only_what_could_be_spent",
    ),
    Bug(
        says="an adjustment repays no debt", place="points_adjust",
        good="v_repaid := least(w.debt, p_points);", bad="v_repaid := 0;",
        caught_by="points/ledger/test_carrying.py::test_a_debt_is_repaid_before_anything_can_be_spent",
    ),
    Bug(
        says="a transfer repays no debt of the receiver", place="points_transfer",
        good="v_repaid := least(v_to.debt, p_points);", bad="v_repaid := 0;",
        caught_by=_TRANSFER + "test_a_debt_of_the_recipient_is_repaid_first",
    ),
    Bug(
        says="a transferred lot is issued by whoever books it", place="points_reborn",
        good="n.from_lot, points_uuid7(), n.issuer_id", bad="n.from_lot, points_uuid7(), n.issuer_id + 1",
        caught_by=_TRANSFER + "test_lots_keep_issuer_cost_earning_and_expiry",
    ),
    Bug(
        says="a transfer takes pending points", place="points_take",
        good="l.expires_at > p_at\n          AND l.available_at <= p_at", bad="l.expires_at > p_at",
        caught_by=_TRANSFER + "test_pending_and_held_points_cannot_be_given",
    ),
    Bug(
        says="a move leaves the debt behind", place="points_move_wallet",
        good="debt := coalesce(v_from.debt, 0);", bad="debt := 0;",
        caught_by="points/services/test_moving.py::test_a_debt_moves_along",
    ),
    Bug(
        says="a move takes what is held", place="points_move_wallet",
        good="IF holds IS NOT NULL THEN", bad="IF holds = '{}' THEN",
        caught_by="points/services/test_moving.py::test_open_holds_are_named_and_nothing_moves",
    ),
    Bug(
        says="an early release releases what was never pending", place="points_mature",
        good="AND l.available_at > p_at AND l.expires_at > p_at", bad="AND l.expires_at > p_at",
        caught_by="points/services/test_maturing.py::test_a_pending_lot_matures_by_its_instant_without_a_posting",
    ),
    Bug(
        says="a transfer is let past the day's limit by one", place="points_transfer",
        good='IF p_points > "left" THEN', bad='IF p_points > "left" + 1 THEN',
        caught_by=_TRANSFER + "TestLimits::test_a_day_has_its_limit",
    ),
    Bug(
        says="what was given today does not count for the limit", place="points_transfer_left",
        good="p.occurred_at >= lower(p_day) AND p.occurred_at < upper(p_day)", bad="p.occurred_at < lower(p_day)",
        caught_by=_TRANSFER + "TestLimits::test_a_day_has_its_limit",
    ),
)  # fmt: skip
