"""Each table is kept as its rows live: what only grows is frozen as it grows, what is updated leaves room."""

import pytest
from django.db import connection

GROWING = {
    "autovacuum_vacuum_insert_scale_factor": "0",
    "autovacuum_vacuum_insert_threshold": "100000",
    "autovacuum_freeze_min_age": "0",
    "autovacuum_analyze_scale_factor": "0.02",
}
STORED = {
    "points_posting": GROWING,
    "points_entry": GROWING,
    "points_draw": GROWING,
    "points_holdlot": GROWING,
    "points_wallet": {
        "fillfactor": "70",
        "autovacuum_vacuum_scale_factor": "0.02",
        "autovacuum_vacuum_threshold": "1000",
    },
    "points_lot": {
        "fillfactor": "80",
        "autovacuum_vacuum_scale_factor": "0.01",
        "autovacuum_vacuum_threshold": "5000",
        "autovacuum_vacuum_insert_scale_factor": "0",
        "autovacuum_vacuum_insert_threshold": "100000",
        "autovacuum_analyze_scale_factor": "0.02",
    },
    "points_hold": {"autovacuum_vacuum_scale_factor": "0.01", "autovacuum_vacuum_threshold": "1000"},
}
# Columns by which a hot row is sent to its place when the ledger is spread over servers (docs/scaling.md).
HOT = {"points_posting", "points_entry", "points_draw", "points_lot", "points_wallet", "points_hold"}


def rows(sql: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


@pytest.mark.parametrize("table", STORED)
@pytest.mark.django_db
def test_each_table_is_stored_as_its_rows_live(table):
    ((options,),) = rows("SELECT reloptions FROM pg_class WHERE oid = %s::regclass", table)

    assert dict(option.split("=") for option in options) == STORED[table]


@pytest.mark.django_db
def test_every_table_of_the_ledger_that_grows_has_its_settings():
    """A new table with rows a posting, a lot or a hold each must say how it is kept."""
    found = rows(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'points\\_%%'"
        " AND reloptions IS NOT NULL"
    )

    assert {name for (name,) in found} >= set(STORED)


@pytest.mark.django_db
def test_nobody_searches_by_a_digest_or_a_detail():
    found = rows(
        "SELECT attname, coalesce(attstattarget, -1) FROM pg_attribute"
        " WHERE attrelid = 'points_posting'::regclass AND attname IN ('digest', 'detail')"
    )

    assert set(found) == {("digest", 0), ("detail", 0)}


@pytest.mark.django_db
def test_no_index_holds_what_a_posting_updates():
    """An update of what an index holds, or has in its condition, is not HOT; only a lot's closing is such."""
    indexed = rows(
        """
        SELECT DISTINCT c.relname, a.attname FROM pg_index x
        JOIN pg_class c ON c.oid = x.indrelid
        JOIN pg_attribute a ON a.attrelid = x.indrelid
             AND (a.attnum = ANY (x.indkey::smallint[])
                  OR pg_get_expr(x.indpred, x.indrelid) ~ a.attname::text)
        WHERE c.relname IN ('points_wallet', 'points_lot')
        """
    )

    updated = {("points_wallet", "balance"), ("points_wallet", "debt"), ("points_lot", "remaining")}
    assert not updated & set(indexed)
    assert ("points_lot", "is_open") in indexed


@pytest.mark.django_db
def test_every_hot_row_carries_its_member():
    found = rows(
        "SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE a.attname = 'member_id' AND a.attnotnull AND c.relname LIKE 'points\\_%%' AND c.relkind = 'r'"
    )

    assert {name for (name,) in found} >= HOT


# What a call names where it does not name its members: a posting or a hold, which does.
BY_DOCUMENT = {
    "points_capture_hold",
    "points_mature",
    "points_reverse_accrual",
    "points_reverse_redemption",
    "points_unmove",
    "points_void_hold",
}
# What goes through everybody's rows: on many servers it runs on each.
OF_ALL = {
    "points_archive_lines",
    "points_archive_totals",
    "points_expire",
    "points_make_coming_parts",
    "points_time_out_holds",
}


@pytest.mark.django_db
def test_every_call_of_the_kernel_names_its_members_or_what_names_them():
    """Rows of one member are on one server then: a call is sent there by its arguments (docs/scaling.md)."""
    found = rows(
        """
        SELECT proname FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'points\\_%%'
          AND has_function_privilege('loyalty_app', oid, 'EXECUTE')
          AND prosrc ~ 'points_(posting|entry|draw|lot|wallet|hold)'
          AND NOT coalesce(proargnames, '{}') && '{p_member, p_members, p_from}'
        """
    )

    names = {name.removesuffix("_many") for (name,) in found}
    assert names <= BY_DOCUMENT | OF_ALL
