"""Take in units' daily totals. The latest report of a day stands: units correct their days."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import connection
from django.utils.translation import gettext as _

from activities.rules.totals import DailyReport, check_daily_total
from common.sql import plain_array
from points.refusals import UnitNotActive
from units.models import BusinessUnit

_UPSERT: Final = """
INSERT INTO activities_dailytotal AS t (unit_id, date, amount, currency, orders)
SELECT * FROM unnest(%s::int[], %s::date[], %s::numeric[], %s::text[], %s::int[])
ON CONFLICT (unit_id, date, currency) DO UPDATE SET amount = excluded.amount, orders = excluded.orders
    WHERE (t.amount, t.orders) IS DISTINCT FROM (excluded.amount, excluded.orders)
RETURNING unit_id, date, currency, xmax = 0
"""


def record_daily_totals(*, reports: Sequence[DailyReport]) -> list[str]:
    """Store each total: `recorded` (a new day), `already_there` (same numbers), `replaced` (other numbers).

    At most one report a unit, day and currency; one statement, one answer for each report, in order.
    """
    if not reports:
        return []
    assert len({report.day for report in reports}) == len(reports), "one report a day"
    # One locking order for every door.
    ordered = sorted(reports, key=lambda report: report.day)
    with connection.cursor() as cursor:
        cursor.execute(
            _UPSERT,
            [
                plain_array(report.unit_id for report in ordered),
                plain_array(report.sold_on for report in ordered),
                plain_array(report.amount for report in ordered),
                plain_array(report.currency for report in ordered),
                plain_array(report.orders for report in ordered),
            ],
        )
        changed = {
            (unit, date, currency): "recorded" if is_new else "replaced"
            for unit, date, currency, is_new in cursor.fetchall()
        }
    return [changed.get(report.day, "already_there") for report in reports]


def report_daily_total(*, unit: BusinessUnit, report: DailyReport, at: datetime) -> str:
    """One total by a partner system; see record_daily_totals.

    :raises ReportRefused: the total cannot be taken in; its code says why
    :raises UnitNotActive: the unit takes no part at present
    """
    if not unit.is_active:
        raise UnitNotActive(_("%(unit)s is not active.") % {"unit": unit.code}, unit=unit.code)
    check_daily_total(report, currency=unit.currency, at=at)
    (outcome,) = record_daily_totals(reports=[report])
    return outcome
