"""Bugs in the Python parts: when points die, which quotes hold, which loops of rates are found, whose key it is."""

from tests.planted.bug import Bug

_EXPIRY = "points/rules/test_expiry.py::"
_LOOPS = "points/rules/test_loops.py::"
_REDEMPTION = "points/services/test_redemption.py::"
_POLICY = _EXPIRY + "test_the_last_valid_day_follows_the_policy"

PYTHON = (
    Bug(
        says="points die at midnight in UTC", place="points/rules/expiry.py",
        good="start_of_day(last + timedelta(days=1), ZoneInfo(time_zone))",
        bad='start_of_day(last + timedelta(days=1), ZoneInfo("UTC"))',
        caught_by=_EXPIRY + "test_the_day_is_counted_where_the_program_lives",
    ),
    Bug(
        says="the day of earning is counted in UTC", place="points/rules/expiry.py",
        good="_expiry_of_day(policy.kind, policy.count, policy.time_zone, earned_at.astimezone(zone).date())",
        bad="_expiry_of_day(policy.kind, policy.count, policy.time_zone, earned_at.astimezone(UTC).date())",
        caught_by=_EXPIRY + "test_the_day_is_counted_where_the_program_lives",
    ),
    Bug(
        says="points die at the start of their last day", place="points/rules/expiry.py",
        good="start_of_day(last + timedelta(days=1), ZoneInfo(time_zone))",
        bad="start_of_day(last, ZoneInfo(time_zone))",
        caught_by=_EXPIRY + "test_points_live_through_their_whole_last_day",
    ),
    Bug(
        says="N days are one too many", place="points/rules/expiry.py",
        good="return earned_on + timedelta(days=policy.count)", bad="return earned_on + timedelta(days=policy.count + 1)",
        caught_by=_POLICY,
    ),
    Bug(
        says="the end of the month is a month early", place="points/rules/expiry.py",
        good="months = earned_on.year * 12 + earned_on.month - 1 + policy.count",
        bad="months = earned_on.year * 12 + earned_on.month - 2 + policy.count", caught_by=_POLICY,
    ),
    Bug(
        says="months end on the 30th", place="points/rules/expiry.py",
        good="calendar.monthrange(year, month + 1)[1]", bad="min(30, calendar.monthrange(year, month + 1)[1])",
        caught_by=_POLICY,
    ),
    Bug(
        says="leap days are forgotten", place="points/rules/expiry.py",
        good="calendar.monthrange(year, month + 1)[1]", bad="calendar.monthrange(2023, month + 1)[1]",
        caught_by=_POLICY,
    ),
    Bug(
        says="the Nth year's end is a year late", place="points/rules/expiry.py",
        good="return date(earned_on.year + policy.count, 12, 31)",
        bad="return date(earned_on.year + policy.count + 1, 12, 31)", caught_by=_POLICY,
    ),
    Bug(
        says="a missing midnight is read as an hour that is not", place="points/rules/expiry.py",
        good="return _end_of_gap(midnight)", bad="return instant - timedelta(hours=1)",
        caught_by=_EXPIRY + "test_a_missing_midnight_begins_where_the_gap_ends",
    ),
    Bug(
        says="of two midnights the second counts", place="points/rules/expiry.py",
        good="midnight = datetime.combine(day, time.min, zone)",
        bad="midnight = datetime.combine(day, time.min, zone).replace(fold=1)",
        caught_by=_EXPIRY + "test_a_midnight_that_comes_twice_counts_the_first_time",
    ),
    Bug(
        says="the loop check is skipped", place="points/rules/loops.py",
        good="if not rates:", bad="if rates or not rates:", caught_by=_LOOPS + "test_there_and_back_with_a_gain_is_named",
    ),
    Bug(
        says="the loop check overlooks the first rate", place="points/rules/loops.py",
        good="for rate in rates:", bad="for rate in rates[1:]:",
        caught_by=_LOOPS + "test_a_circle_of_three_is_found_although_each_pair_loses",
    ),
    Bug(
        says="the loop check takes an even exchange for a gain", place="points/rules/loops.py",
        good="* rate.worth > best[rate.target]:", bad="* rate.worth >= best[rate.target]:",
        caught_by=_LOOPS + "test_there_and_back_at_the_same_worth_gains_nothing",
    ),
    Bug(
        says="the loop check looks for one round only", place="points/rules/loops.py",
        good="for _round in programs:", bad="for _round in range(1):",
        caught_by=_LOOPS + "test_it_agrees_with_trying_every_circle",
    ),
    Bug(
        says="a quote lives for ever", place="points/services/redemption.py",
        good='spending.at.timestamp() >= said["x"]', bad='said["x"] < 0',
        caught_by=_REDEMPTION + "test_a_quote_dies_after_five_minutes",
    ),
    Bug(
        says="a quote for another price is taken", place="points/services/redemption.py",
        good='if (said["m"], said["p"], said["u"], said["n"]) != asked or',
        bad='if (said["m"], said["p"], said["u"]) != asked[:3] or',
        caught_by=_REDEMPTION + "test_a_quote_for_another_price_or_a_forged_one_is_refused",
    ),
    Bug(
        says="a frozen member spends", place="points/services/redemption.py",
        good="if member.status != MemberStatus.ACTIVE:", bad='if member.status == "nowhere":',
        caught_by=_REDEMPTION + "test_what_is_not_active_does_not_spend",
    ),
    Bug(
        says="a program without grace gives one", place="points/services/reversal.py",
        good="if not program.grace_days:", bad="if program.grace_days is None:",
        caught_by="points/services/test_reversal.py::test_without_grace_cancelling_is_no_way_round_expiry",
    ),
    Bug(
        says="another unit's sale can be refunded", place="points/services/reversal.py",
        good=".filter(unit=unit, kind=kind, source_ref=source_ref)", bad=".filter(kind=kind, source_ref=source_ref)",
        caught_by="points/services/test_reversal.py::test_only_what_the_unit_posted_can_be_reversed",
    ),
    Bug(
        says="another unit's hold can be captured", place="points/services/holds.py",
        good=".filter(pk=hold_id, unit__in=units).first()", bad=".filter(pk=hold_id).first()",
        caught_by="points/services/test_holds.py::test_another_units_hold_looks_like_an_absent_one",
    ),
    Bug(
        says="an exchange's day is that of the member's clock in UTC", place="points/services/exchange.py",
        good="today = at.astimezone(zone).date()", bad="today = at.date()",
        caught_by="points/services/test_exchange.py::test_a_cap_is_per_member_and_local_day",
    ),
    Bug(
        says="a rate is proposed without the loop check", place="points/services/rates.py",
        good="loop = loop_of_proposal(asked, at=at)", bad="loop = None",
        caught_by="points/services/test_rates.py::test_a_gaining_circle_is_named_when_it_is_proposed",
    ),
    Bug(
        says="a rate is approved without the loop check", place="points/services/rates.py",
        good="loop = gaining_loop_during(rate.during)", bad="loop = None",
        caught_by="points/services/test_rates.py::test_a_circle_that_other_approvals_closed_meanwhile_is_refused_at_approval",
    ),
    Bug(
        says="who proposes a rate approves it", place="points/services/approvals.py",
        good="if maker_id == by.pk:\n        raise OwnRequest", bad="if maker_id is by:\n        raise OwnRequest",
        caught_by="points/services/test_rates.py::test_nobody_approves_or_rejects_their_own",
    ),
    Bug(
        says="the database lets a maker be the checker", place="constraint adjustment_is_decided_by_another",
        caught_by="points/services/test_adjusting.py::test_not_even_past_the_service_does_one_person_decide_alone",
    ),
    Bug(
        says="more is approved than a role may", place="points/services/adjusting.py",
        good="if abs(asked.points) > limit:", bad="if abs(asked.points) > limit + 10**6:",
        caught_by="points/services/test_adjusting.py::test_nobody_approves_more_than_their_role_may",
    ),
    Bug(
        says="an idempotency key is shared by all callers", place="common/idempotency.py",
        good="claim = claim_of(request, caller=caller)", bad='claim = claim_of(request, caller="all")',
        caught_by="common/test_idempotency.py::test_keys_never_cross_callers",
    ),
    Bug(
        says="a seal's place in the chain is not checked by the database", place="trigger seal_follows_the_last",
        caught_by="points/services/test_sealing.py::test_the_database_refuses_a_seal_that_does_not_follow",
    ),
    Bug(
        says="a changed posting is sealed", place="points/services/sealing.py",
        good="if changed:", bad="if len(changed) > 10**9:",
        caught_by="points/services/test_sealing.py::test_a_tampered_posting_is_not_vouched_for_and_named",
    ),
    Bug(
        says="a day that is not over is sealed", place="points/rules/seals.py",
        good="<= until:", bad="<= until + timedelta(days=2):",
        caught_by="points/services/test_sealing.py::test_a_day_that_is_not_over_is_not_sealed",
    ),
)  # fmt: skip
