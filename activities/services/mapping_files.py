"""Turn a foreign file into one of the activities format, by a mapping."""

import csv
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _

from activities.rules.mapping import BadMapping, Mapped, RowMapping, map_row, read_mapping
from activities.rules.reading import COLUMNS
from common.bulk import BulkError, Reject, Row
from common.bulk.tables import open_table

SHIPPED: Final = Path(__file__).resolve().parents[1] / "mappings"
HEADER: Final = [
    *("source_ref", "kind", "member_ref", "outlet", "occurred_at", "amount", "currency", "category"),
    *("quantity", "paid_with_points", "refund_of", "period_starts_on", "period_ends_on", "reason"),
]
assert set(HEADER) == COLUMNS, "the file written is the format read"


@dataclass(frozen=True, slots=True)
class MappedFile:
    """What came of a file: where it is now, and its rows by what became of them."""

    path: Path
    counts: Counter[str]


def mapping_named(name: str) -> RowMapping:
    """A mapping shipped with the product, by name, or one in a JSON file of the operator's, by path.

    :raises BulkError: there is none, or it cannot be used
    """
    shipped = SHIPPED / f"{name}.json"
    path = shipped if name.isidentifier() and shipped.exists() else Path(name)
    try:
        return read_mapping(json.loads(path.read_text(encoding="utf-8")))
    except OSError as absent:
        known = ", ".join(sorted(one.stem for one in SHIPPED.glob("*.json")))
        words = _("There is no mapping %(name)s. Shipped: %(known)s.") % {"name": name, "known": known}
        raise BulkError(words) from absent
    except (ValueError, BadMapping) as odd:
        raise BulkError(_("The mapping %(name)s: %(why)s") % {"name": name, "why": odd}) from odd


def map_file(path: Path, *, mapping: RowMapping, target: Path) -> MappedFile:
    """Write the rows of `path` to `target`, the lines of a receipt beside one another.

    A return is a refund of its own, one a line, that names no sale: `<reference>/<place in it>`. A row that
    cannot be mapped is written as it is told, so that the import refuses it by name.

    :raises BulkError: the file is unreadable, or lacks a column that the mapping reads
    """
    counts: Counter[str] = Counter()
    groups: dict[str, list[Mapped]] = {}
    with closing(open_table(path)) as table:
        missing = ", ".join(sorted(mapping.wanted - set(table.columns)))
        if missing:
            raise BulkError(_("%(file)s lacks these columns: %(names)s.") % {"file": path, "names": missing})
        for row in table:
            counts["read"] += 1
            mapped = _mapped(mapping, row)
            if mapped.skipped:
                counts[f"skipped_{mapped.skipped}"] += 1
                continue
            groups.setdefault(mapped.cells.get("source_ref", ""), []).append(mapped)
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [*HEADER, *(("line", "item") if mapping.has_lines else ())])
        writer.writeheader()
        for group in groups.values():
            writer.writerows(_rows_of(group, has_lines=mapping.has_lines))
            counts["written"] += len(group)
    return MappedFile(target, counts)


def _mapped(mapping: RowMapping, row: Row | Reject) -> Mapped:
    if isinstance(row, Reject):
        return Mapped({}, skipped=row.code)
    try:
        return map_row(mapping, row.values)
    except ValueError:
        return Mapped({}, skipped="not_mapped")


def _rows_of(group: Sequence[Mapped], *, has_lines: bool) -> list[dict[str, str]]:
    rows = []
    for place, mapped in enumerate(group, 1):
        cells = dict(mapped.cells)
        if mapped.is_return:
            cells |= {"kind": "return", "source_ref": f"{cells['source_ref']}/{place}"}
        if has_lines:
            cells["line"] = "1" if mapped.is_return else str(place)
        rows.append(cells)
    return rows
