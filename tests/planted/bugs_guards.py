"""Guards taken away: constraints, triggers, rights, digests, and checks of the audit and the replayer that go blind."""

from tests.planted.bug import Bug

_REFUSED = "points/test_gaps.py::test_the_database_itself_refuses"
_FIXED = "points/test_guards.py::test_not_even_the_owner_changes_what_is_written"
_SEES = "points/test_gaps.py::test_each_check_of_the_audit_sees_by_itself"
_TAMPERED = "points/test_guards.py::test_the_audit_names_what_a_superuser_changed"
_REPLAYER = "tools/test_replay_journal.py::test_every_corruption_is_found"


def _dropped(name: str, statement: str) -> Bug:
    return Bug(
        says=f"the constraint {name} is gone",
        place=f"constraint {name}",
        caught_by=f"{_REFUSED}[{statement}]",
    )


def _off(name: str, caught_by: str = _FIXED) -> Bug:
    return Bug(says=f"the trigger {name} is gone", place=f"trigger {name}", caught_by=caught_by)


def _blind(check: str, file: str, good: str) -> Bug:
    return Bug(says=f"the audit's check {check} sees nothing", place=f"points/selectors/audit/{file}.py", good=good,
               bad=f"false AND {good}", caught_by=f"{_SEES}[{check}]")  # fmt: skip


GUARDS = (
    _dropped("posting_points_are_positive", "UPDATE points_posting SET points = 0"),
    _dropped("posting_kind_is_known", "UPDATE points_posting SET kind = 'gift'"),
    _dropped("entry_moves_something", "UPDATE points_entry SET points = 0"),
    _dropped("draw_moves_something", "UPDATE points_draw SET points = 0"),
    _dropped("lot_points_are_positive", "UPDATE points_lot SET points = 0 WHERE NOT is_open"),
    _dropped("lot_amounts_fit", "UPDATE points_lot SET remaining = -1, is_open = false"),
    _dropped("wallet_debt_is_not_negative", "UPDATE points_wallet SET debt = -1"),
    _dropped("wallet_is_short_only_by_its_debt", "UPDATE points_wallet SET balance = -debt - 1"),
    _dropped("hold_ends_once", "UPDATE points_hold SET closed_at = NULL WHERE status = 'captured'"),
    _dropped("captured_hold_has_its_posting", "UPDATE points_hold SET posting_id = NULL WHERE status = 'captured'"),
    Bug(
        says="a source reference may post twice", place="constraint one_source_reference_posts_once",
        caught_by="points/test_gaps.py::test_there_is_one_of_each[a source reference]",
    ),
    Bug(
        says="rates of one pair may overlap", place="constraint rate_ranges_never_overlap",
        caught_by="points/services/test_redemption.py::test_rates_of_one_pair_never_overlap",
    ),
    _off("posting_is_append_only"),
    _off("entry_is_append_only"),
    _off("draw_is_append_only"),
    _off("entry_is_never_emptied"),
    _off("wallet_is_of_one_member"),
    _off("lot_is_fixed", "points/test_guards.py::test_the_owner_cannot_touch_what_a_lot_gave"),
    _off("lot_expiry_only_rolls_on", "points/test_guards.py::test_the_owner_cannot_touch_what_a_lot_gave"),
    Bug(
        says="the append-only triggers refuse nothing", place="points_refuse_change",
        good="RAISE EXCEPTION", bad="RAISE NOTICE", caught_by=_FIXED,
    ),
    Bug(
        says="the app may write wallets", place="statement",
        good="SELECT NOT has_table_privilege('loyalty_app', 'points_wallet', 'UPDATE')",
        bad="GRANT UPDATE ON points_wallet TO loyalty_app", mend="REVOKE UPDATE ON points_wallet FROM loyalty_app",
        caught_by="points/test_guards.py::test_the_app_may_not_write_the_ledger",
    ),
    Bug(
        says="anybody may call the kernel", place="statement",
        good="SELECT NOT has_function_privilege('loyalty_auditor',"
        " 'points_expire(timestamptz, bigint, integer, text)', 'EXECUTE')",
        bad="GRANT EXECUTE ON FUNCTION points_expire(timestamptz, bigint, integer, text) TO PUBLIC",
        mend="REVOKE EXECUTE ON FUNCTION points_expire(timestamptz, bigint, integer, text) FROM PUBLIC",
        caught_by="points/test_guards.py::test_the_auditor_can_audit_and_write_nothing",
    ),
    Bug(
        says="the digest leaves out who did it", place="points_posting_text",
        good="length(p_actor), p_actor, ", bad="", caught_by=f"{_TAMPERED}[a posting's actor]",
    ),
    Bug(
        says="the digest leaves out the shares", place="points_posting_text",
        good="p_detail::text", bad="NULL", caught_by=f"{_TAMPERED}[a posting's shares]",
    ),
    Bug(
        says="the digest leaves out the unit of an entry", place="points_entry_text",
        good="p_house, p_unit, p_points", bad="p_house, p_points", caught_by=f"{_TAMPERED}[an entry's unit]",
    ),
    Bug(
        says="the digest leaves out the cost of a lot", place="points_lot_text",
        good="trim_scale(round(p_unit_cost, 6))", bad="NULL", caught_by=f"{_TAMPERED}[a lot's cost]",
    ),
    Bug(
        says="the digest leaves out which lot was drawn", place="points_draw_text",
        good="concat_ws('|', p_lot, p_points)", bad="p_points::text",
        caught_by="tools/test_replay_journal.py::test_a_real_history_replays_clean",
    ),
    _blind("wallet_is_its_entries", "lots", "w.balance <> coalesce(e.points, 0)"),
    _blind("lot_is_held_by_its_holds", "holds", "l.held <> coalesce(h.points, 0)"),
    _blind("posting_is_its_draws", "postings", "m.points <> coalesce(told.points, 0)"),
    _blind("reversals_within_original", "postings", "r.points > coalesce(p.points, 0)"),
    _blind("posting_digest", "postings", "p.digest <> points_digest("),
    _blind("debt_is_explained", "lots", "w.debt <> coalesce(o.points, 0) - coalesce(r.points, 0)"),
    Bug(
        says="the audit overlooks a guard that is off", place="points/selectors/audit/guards.py",
        good="t.tgenabled NOT IN ('O', 'A')", bad="t.tgenabled = '?'", caught_by=f"{_TAMPERED}[a guard off]",
    ),
    Bug(
        says="the audit overlooks a right on one column", place="points/selectors/audit/guards.py",
        good="OR has_any_column_privilege('loyalty_app', t.name, 'INSERT, UPDATE')",
        bad="OR has_table_privilege('loyalty_app', t.name, 'INSERT, UPDATE')",
        caught_by=f"{_TAMPERED}[a right on one column]",
    ),
    Bug(
        says="the replayer compares no digest", place="tools/replay_journal.py",
        good="if hashlib.sha256(text.encode()).hexdigest() != digest:", bad="if not text:", caught_by=_REPLAYER,
    ),
    Bug(
        says="the replayer believes what lots say remains", place="tools/replay_journal.py",
        good="if remains != lot.remaining:", bad="if remains is None:", caught_by=_REPLAYER,
    ),
    Bug(
        says="the replayer believes what wallets say", place="tools/replay_journal.py",
        good='if (wallet["balance"], wallet["debt"]) != (balance, debt):', bad="if debt is None:", caught_by=_REPLAYER,
    ),
    Bug(
        says="the replayer lets dead lots be spent", place="tools/replay_journal.py",
        good='if posting.kind in ("redemption", "transfer") and', bad='if posting.kind == "transfer" and', caught_by=_REPLAYER,
    ),
    Bug(
        says="the replayer lets a reference post twice", place="tools/replay_journal.py",
        good="for _kind, identity in rows[1:]:", bad="for _kind, identity in rows[9:]:", caught_by=_REPLAYER,
    ),
    Bug(
        says="a leaf of a seal can pass for a node", place="points/rules/merkle.py",
        good='hashlib.sha256(b"\\x00" + leaf)', bad="hashlib.sha256(leaf)",
        caught_by="points/rules/test_merkle.py::test_the_roots_are_those_of_certificate_transparency",
    ),
    Bug(
        says="the odd last leaf of a seal is left out", place="points/rules/merkle.py",
        good="level = [*joined, level[-1]] if len(level) % 2 else joined", bad="level = joined",
        caught_by="points/rules/test_merkle.py::test_the_roots_are_those_of_certificate_transparency",
    ),
)  # fmt: skip
