"""Checks of the guards themselves: triggers on and whole, and no rights given that would go round them."""

from points.selectors.audit.checks import Check

_TABLES = """
    'points_posting', 'points_entry', 'points_draw', 'points_lot', 'points_wallet', 'points_hold', 'points_holdlot'
"""

GUARD_CHECKS = (
    Check(
        "guards_stand",
        "The append-only triggers are on, refuse, and the app role cannot write the ledger.",
        # Partitions are tables of their own, with rights of their own. Rights on single columns count as well.
        f"""
        SELECT 'pg_trigger', g.name, 'the guard is gone or off'
        FROM unnest(ARRAY[
            'posting_is_append_only', 'posting_is_never_emptied', 'entry_is_append_only', 'entry_is_never_emptied',
            'draw_is_append_only', 'draw_is_never_emptied', 'lot_is_fixed', 'lot_expiry_only_rolls_on', 'lot_is_never_deleted',
            'hold_is_fixed', 'hold_is_never_deleted', 'hold_is_never_emptied', 'holdlot_is_fixed',
            'holdlot_is_never_emptied', 'lot_is_never_emptied', 'wallet_is_never_deleted', 'wallet_is_never_emptied',
            'wallet_is_of_one_member', 'wallet_of_an_alias_is_empty', 'an_alias_gets_no_wallet', 'seal_follows_the_last', 'seal_is_append_only', 'seal_is_never_emptied'
        ]) AS g (name)
        WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgname = g.name)
           OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgname = g.name AND t.tgenabled NOT IN ('O', 'A'))
        UNION ALL
        SELECT 'pg_proc', f.proname, 'the guard refuses nothing'
        FROM pg_proc f
        WHERE f.proname IN ('points_refuse_change', 'points_chain_seal', 'points_refuse_points_of_alias',
                            'members_refuse_rows_of_alias') AND f.prosrc NOT LIKE '%RAISE EXCEPTION%'
        UNION ALL
        SELECT 'pg_class', t.name, 'loyalty_app may write it'
        FROM (
            SELECT name FROM unnest(ARRAY[{_TABLES}]) AS whole (name)
            UNION
            SELECT i.inhrelid::regclass::text FROM pg_inherits i
            WHERE i.inhparent::regclass::text = ANY (ARRAY[{_TABLES}])
              AND EXISTS (SELECT FROM pg_class c WHERE c.oid = i.inhrelid AND c.relkind IN ('r', 'p'))
        ) AS t
        WHERE has_table_privilege('loyalty_app', t.name, 'DELETE, TRUNCATE')
           OR has_any_column_privilege('loyalty_app', t.name, 'INSERT, UPDATE')
        UNION ALL
        SELECT 'pg_trigger', i.inhrelid::regclass::text, 'a guard of this partition is gone or off'
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid AND c.relkind = 'r'
        WHERE i.inhparent::regclass::text = ANY (ARRAY[{_TABLES}])
          AND (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = i.inhrelid AND t.tgenabled IN ('O', 'A')
               AND t.tgfoid = 'points_refuse_change'::regproc) < 2
        UNION ALL
        SELECT 'pg_class', 'points_seal', 'loyalty_app may change it'
        WHERE has_table_privilege('loyalty_app', 'points_seal', 'DELETE, TRUNCATE')
           OR has_any_column_privilege('loyalty_app', 'points_seal', 'UPDATE')
        """,  # noqa: S608 -- our own words
    ),
)
