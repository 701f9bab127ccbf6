"""Bugs in what is spent, held, given back and exchanged: which lots, how many points, how rounded."""

from tests.planted.bug import Bug

_REDEMPTION = "points/services/test_redemption.py::"
_HOLDS = "points/services/test_holds.py::"
_REVERSAL = "points/services/test_reversal.py::"
_EXCHANGE = "points/services/test_exchange.py::"

SPENDING = (
    Bug(
        says="the lot that expires last is spent first", place="points_allocate",
        good="ORDER BY l.expires_at, l.earned_at, l.id", bad="ORDER BY l.expires_at DESC, l.earned_at, l.id", times=2,
        caught_by=_REDEMPTION + "test_lots_go_by_soonest_expiry_then_age_and_never_expiring_last",
    ),
    Bug(
        says="lots are spent by age only", place="points_allocate",
        good="ORDER BY l.expires_at, l.earned_at, l.id", bad="ORDER BY l.earned_at, l.id", times=2,
        caught_by=_REDEMPTION + "test_lots_go_by_soonest_expiry_then_age_and_never_expiring_last",
    ),
    Bug(
        says="of two lots that expire together the younger is spent first", place="points_allocate",
        good="ORDER BY l.expires_at, l.earned_at, l.id", bad="ORDER BY l.expires_at, l.earned_at DESC, l.id", times=2,
        caught_by=_REDEMPTION + "test_lots_go_by_soonest_expiry_then_age_and_never_expiring_last",
    ),
    Bug(
        says="never-expiring lots are spent first", place="points_allocate",
        good="ORDER BY l.expires_at, l.earned_at, l.id",
        bad="ORDER BY l.expires_at < 'infinity', l.expires_at, l.earned_at, l.id", times=2,
        caught_by=_REDEMPTION + "test_lots_go_by_soonest_expiry_then_age_and_never_expiring_last",
    ),
    Bug(
        says="an expired lot that no sweep has met is spent", place="points_allocate",
        good="l.expires_at > p_at", bad="l.expires_at > '-infinity'", times=3,
        caught_by=_REDEMPTION + "test_a_lot_is_dead_at_its_instant_though_no_sweep_has_run",
    ),
    Bug(
        says="a lot is spent at the very instant it expires", place="points_allocate",
        good="l.expires_at > p_at", bad="l.expires_at >= p_at", times=3,
        caught_by=_REDEMPTION + "test_a_lot_is_dead_at_its_instant_though_no_sweep_has_run",
    ),
    Bug(
        says="a pending lot is spent", place="points_allocate",
        good="l.available_at <= p_at", bad="l.available_at <= 'infinity'", times=3,
        caught_by=_REDEMPTION + "test_pending_points_cannot_be_spent_before_their_day",
    ),
    Bug(
        says="held points are spent by another sale", place="points_allocate",
        good="l.remaining - l.held AS remaining", bad="l.remaining AS remaining", times=2,
        caught_by=_HOLDS + "test_held_points_are_still_the_members_but_spend_no_more",
    ),
    Bug(
        says="what stands beside a debt is spent as if nothing were owed", place="points_beyond_debt",
        good="WHEN p_debt = 0 THEN", bad="WHEN p_debt >= 0 THEN",
        caught_by="points/test_gaps.py::test_held_points_beside_a_debt_do_not_count_twice",
    ),
    Bug(
        says="another wallet's share is rounded down", place="points_allocate",
        good="v_want := (v_cover * v_wallet.den + v_wallet.num - 1) / v_wallet.num;",
        bad="v_want := v_cover * v_wallet.den / v_wallet.num;",
        caught_by=_REDEMPTION + "test_another_wallet_pays_the_smallest_whole_number_that_covers_the_rest",
    ),
    Bug(
        says="what a wallet covers is rounded up", place="points_allocate",
        good="v_cover := least(short, v_want * v_wallet.num / v_wallet.den);",
        bad="v_cover := least(short, (v_want * v_wallet.num + v_wallet.den - 1) / v_wallet.den);",
        caught_by=_REDEMPTION + "test_a_wallet_that_cannot_cover_the_rest_gives_no_point_in_vain",
    ),
    Bug(
        says="a rate that has ended still converts", place="points_allocate",
        good="AND r.during @> p_at", bad="AND lower(r.during) <= p_at",
        caught_by=_REDEMPTION + "test_a_rate_outside_its_range_is_no_rate",
    ),
    Bug(
        says="other wallets pay by their number, not by soonest expiry", place="points_allocate",
        good="ORDER BY s.soonest, w.id", bad="ORDER BY w.id",
        caught_by=_REDEMPTION + "test_other_wallets_come_in_order_of_their_soonest_expiry",
    ),
    Bug(
        says="a sale posts though a part of it is short", place="points_redeem_widely",
        good="IF a.short > 0 THEN", bad="IF a.short > 1000000000 THEN",
        caught_by=_REDEMPTION + "test_a_refused_redemption_writes_nothing",
    ),
    Bug(
        says="a quote is not compared with what is posted", place="points_redeem_widely",
        good="p_quoted <> v_shown", bad="p_quoted = 'null'",
        caught_by=_REDEMPTION + "test_a_quote_that_no_longer_holds_is_refused_with_the_new_shares",
    ),
    Bug(
        says="a repeated sale is answered whatever it asks", place="points_redeem",
        good="earlier.points) = (p_member, p_program, p_price)", bad="earlier.points) = (p_member, p_program, earlier.points)",
        caught_by=_REDEMPTION + "test_same_reference_for_something_else_is_refused",
    ),
    Bug(
        says="a sale that is held is paid a second time", place="points_redeem",
        good="WHERE h.unit_id = p_unit AND h.source_ref = p_source_ref", bad="WHERE false",
        caught_by=_HOLDS + "test_one_reference_is_one_sale_whether_held_or_paid_at_once",
    ),
    Bug(
        says="a redemption draws nothing from its lots", place="points_post_redemption",
        good="SET remaining = l.remaining - d.points", bad="SET remaining = l.remaining",
        caught_by="points/test_guards.py::test_a_clean_ledger_audits_clean_and_exits_zero",
    ),
    Bug(
        says="a redemption draws twice", place="points_post_redemption",
        good="SET remaining = l.remaining - d.points", bad="SET remaining = l.remaining - 2 * d.points",
        caught_by=_REDEMPTION + "test_lots_go_by_soonest_expiry_then_age_and_never_expiring_last",
    ),
    Bug(
        says="a redemption raises the wallet", place="points_post_redemption",
        good="SET balance = w.balance - s.spent", bad="SET balance = w.balance + s.spent",
        caught_by=_REDEMPTION + "test_other_wallets_pay_only_what_is_missing",
    ),
    Bug(
        says="an entry has the wrong sign", place="points_post_redemption",
        good="'redeemed', p_unit, -l.spent", bad="'redeemed', p_unit, l.spent",
        caught_by="points/test_guards.py::test_a_clean_ledger_audits_clean_and_exits_zero",
    ),
    Bug(
        says="spent points go to the wrong house account", place="points_post_redemption",
        good="'redeemed', p_unit, -l.spent", bad="'expired', p_unit, -l.spent",
        caught_by="points/test_guards.py::test_a_clean_ledger_audits_clean_and_exits_zero",
    ),
    Bug(
        says="more is captured than was held", place="points_capture_hold",
        good="IF p_price > h.points THEN", bad="IF p_price > h.points + 1000 THEN",
        caught_by=_HOLDS + "test_no_more_is_captured_than_was_held",
    ),
    Bug(
        says="a capture does not release the rest", place="points_capture_hold",
        good="WHERE d.hold_id = p_hold AND l.id = d.lot_id;",
        bad="WHERE d.hold_id = p_hold AND l.id = d.lot_id AND l.id = ANY (v_drawn.lots);",
        caught_by="points/test_gaps.py::test_a_capture_of_the_first_lot_lets_the_second_go",
    ),
    Bug(
        says="a hold that timed out is captured", place="points_capture_hold",
        good="h.status <> 'open' OR h.expires_at <= p_at", bad="h.status NOT IN ('open', 'timed_out')",
        caught_by=_HOLDS + "test_a_hold_that_nobody_answers_times_out",
    ),
    Bug(
        says="a void releases what is held twice", place="points_void_hold",
        good="IF h.status <> 'open' THEN", bad="IF h.status = 'captured' THEN",
        caught_by=_HOLDS + "test_a_void_gives_everything_back_and_twice_is_once",
    ),
    Bug(
        says="a void leaves the points held", place="points_void_hold",
        good="SET held = l.held - d.points", bad="SET held = l.held",
        caught_by=_HOLDS + "test_a_void_gives_everything_back_and_twice_is_once",
    ),
    Bug(
        says="parts of a cancellation are each rounded", place="points_kept",
        good="(p_covering * p_denominator + p_numerator - 1) / p_numerator",
        bad="p_covering * p_denominator / p_numerator",
        caught_by=_HOLDS + "test_a_part_captured_releases_the_rest",
    ),
    Bug(
        says="more comes back than was paid", place="points_reverse_redemption",
        good="v_before + p_points > o.points", bad="p_points > o.points",
        caught_by="points/test_gaps.py::test_a_cancellation_never_gives_back_more_than_was_paid",
    ),
    Bug(
        says="a cancelled redemption always gets a new lot", place="points_reverse_redemption",
        good="CASE WHEN d.expires_at <= p_at AND p_grace_until IS NOT NULL AND",
        bad="CASE WHEN p_grace_until IS NOT NULL AND",
        caught_by=_REVERSAL + "test_a_cancelled_redemption_refills_the_very_lots",
    ),
    Bug(
        says="a cancelled redemption gives no grace", place="points_reverse_redemption",
        good="CASE WHEN d.expires_at <= p_at AND p_grace_until IS NOT NULL AND", bad="CASE WHEN false AND",
        caught_by=_REVERSAL + "test_a_lot_that_died_meanwhile_gets_the_programs_grace",
    ),
    Bug(
        says="an exchange rounds up", place="points_exchange",
        good="given := p_points * r.numerator / r.denominator;",
        bad="given := (p_points * r.numerator + r.denominator - 1) / r.denominator;",
        caught_by=_EXCHANGE + "test_rounding_happens_once_over_all_lots_and_the_dust_is_told",
    ),
    Bug(
        says="the dust of an exchange is not told", place="points_exchange",
        good="mod(p_points * r.numerator, r.denominator)", bad="0",
        caught_by=_EXCHANGE + "test_rounding_happens_once_over_all_lots_and_the_dust_is_told",
    ),
    Bug(
        says="exchanged points live on as the new program's would", place="points_exchange",
        good="least(l.expires_at, coalesce(p_expires_at, 'infinity'))", bad="coalesce(p_expires_at, 'infinity')",
        caught_by=_EXCHANGE + "test_a_new_lot_keeps_issuer_scaled_cost_and_the_sooner_expiry",
    ),
    Bug(
        says="exchanged points are issued by whoever exchanges", place="points_exchange",
        good="points_uuid7(), l.issuer_id, d.made", bad="points_uuid7(), p_unit, d.made",
        caught_by=_EXCHANGE + "test_a_new_lot_keeps_issuer_scaled_cost_and_the_sooner_expiry",
    ),
    Bug(
        says="an exchange does not scale the cost", place="points_exchange",
        good="round(l.unit_cost * r.denominator / r.numerator, 6)", bad="l.unit_cost",
        caught_by=_EXCHANGE + "test_a_new_lot_keeps_issuer_scaled_cost_and_the_sooner_expiry",
    ),
    Bug(
        says="a day's cap is ignored", place="points_exchange",
        good='IF p_points > "left" THEN', bad='IF p_points > "left" + 1000000000 THEN',
        caught_by=_EXCHANGE + "test_a_cap_is_per_member_and_local_day",
    ),
    Bug(
        says="a day's cap is off by one", place="points_exchange",
        good='IF p_points > "left" THEN', bad='IF p_points >= "left" THEN',
        caught_by=_EXCHANGE + "test_a_cap_is_per_member_and_local_day",
    ),
    Bug(
        says="a day's cap counts all days", place="points_exchange",
        good="AND p.occurred_at >= p_day_starts_at", bad="",
        caught_by=_EXCHANGE + "test_a_cap_is_per_member_and_local_day",
    ),
    Bug(
        says="the lot that expires last pays alone", place="points_redeem",
        good="ORDER BY o.expires_at, o.earned_at, o.id LIMIT 1", bad="ORDER BY o.expires_at DESC, o.earned_at, o.id LIMIT 1",
        caught_by="points/test_gaps.py::test_a_small_price_is_paid_by_the_lot_that_dies_first",
    ),
    Bug(
        says="a dead lot pays alone", place="points_redeem",
        good="o.expires_at > p_at", bad="o.expires_at > '-infinity'",
        caught_by=_REDEMPTION + "test_a_lot_is_dead_at_its_instant_though_no_sweep_has_run",
    ),
    Bug(
        says="a pending lot pays alone", place="points_redeem",
        good="o.available_at <= p_at", bad="o.available_at <= 'infinity'",
        caught_by=_REDEMPTION + "test_pending_points_cannot_be_spent_before_their_day",
    ),
    Bug(
        says="a lot pays alone with what is held of it", place="points_redeem",
        good="o.remaining - o.held AS free", bad="o.remaining AS free",
        caught_by=_HOLDS + "test_held_points_are_still_the_members_but_spend_no_more",
    ),
    Bug(
        says="one lot alone is drawn twice", place="points_redeem",
        good="SET remaining = l.remaining - p_price, is_open = l.remaining > p_price",
        bad="SET remaining = l.remaining - 2 * p_price, is_open = l.remaining > 2 * p_price",
        caught_by="points/test_gaps.py::test_a_small_price_is_paid_by_the_lot_that_dies_first",
    ),
    Bug(
        says="a debt is overlooked where one lot could pay alone", place="points_redeem",
        good="FILTER (WHERE w.program_id = p_program AND w.debt = 0)", bad="FILTER (WHERE w.program_id = p_program)",
        caught_by="points/test_gaps.py::test_held_points_beside_a_debt_do_not_count_twice",
    ),
    Bug(
        says="a sale at one unit answers for another's", place="points_redeem",
        good="WHERE p.unit_id = p_unit AND p.kind = 'redemption' AND p.source_ref = p_source_ref",
        bad="WHERE p.kind = 'redemption' AND p.source_ref = p_source_ref",
        caught_by="points/test_gaps.py::test_the_same_reference_at_another_unit_is_another_sale",
    ),
)  # fmt: skip
