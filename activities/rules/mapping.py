"""A mapping: how the rows of a foreign file become rows of the activities format, as data an operator writes.

Each column of ours is made by one recipe: `{"column": name}`, `{"value": text}`, `{"text": "HB-{row_no}"}`,
`{"product": [names]}` or `{"sum": [names]}` of numbers, `{"date": [year, month, day], "plus_days": [names]}`;
`without` removes a pattern from what came out. `skip` rows are left out and counted by their reason; what is
`negate`d changes its sign (cancellations are written negative). See docs/imports.md.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import gettext as _

from activities.rules.reading import CHANNEL, COLUMNS

LINE_COLUMNS: Final = frozenset({"line", "item"})
_OURS = COLUMNS | LINE_COLUMNS | {CHANNEL}
_RECIPES = frozenset({"column", "value", "text", "product", "sum", "date"})
_BESIDE = frozenset({"without", "plus_days", "negate"})
_PARTS = frozenset({"nulls", "skip", "columns", "lines", "returns"})
_CONDITIONS = frozenset({"column", "in", "matches", "below", "else", "unless"})


class BadMapping(Exception):
    """The mapping cannot be used. Its one sentence says where."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Rows left out: those whose `column` is one of, matches or is below; `unless` another matches."""

    column: str
    reason: str
    among: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None
    below: Decimal | None = None
    unless: "Skip | None" = None

    def holds(self, row: Mapping[str, str | None]) -> bool:
        """Whether the row is left out."""
        cell = row.get(self.column) or ""
        is_met = (
            cell in self.among
            or (self.pattern is not None and self.pattern.search(cell) is not None)
            or (self.below is not None and _is_below(cell, self.below))
        )
        return is_met and not (self.unless is not None and self.unless.holds(row))


@dataclass(frozen=True, slots=True)
class RowMapping:
    """A mapping that was read. `has_lines`: rows of one reference are lines of one receipt.

    `returns` says which rows give something back without naming the sale.
    """

    columns: Mapping[str, Mapping[str, Any]]
    nulls: frozenset[str] = frozenset()
    skips: tuple[Skip, ...] = ()
    has_lines: bool = False
    returns: Skip | None = None
    wanted: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a row became: cells of ours, or why it was left out."""

    cells: dict[str, str]
    is_return: bool = False
    skipped: str = ""


def read_mapping(told: Any) -> RowMapping:
    """The mapping in a JSON object.

    :raises BadMapping: a part is unknown, missing or malformed
    """
    if not isinstance(told, dict):
        raise BadMapping(_("The top level must be an object."))
    _only(told, _PARTS, "")
    columns = told.get("columns")
    if not isinstance(columns, dict):
        raise BadMapping(_("The mapping has no columns."))
    for name, recipe in columns.items():
        if name not in _OURS:
            raise BadMapping(_("columns.%(name)s: there is no such column.") % {"name": name})
        if not isinstance(recipe, dict) or len(_RECIPES & recipe.keys()) != 1:
            raise BadMapping(_("columns.%(name)s: a recipe is one of %(recipes)s.") % {
                "name": name, "recipes": ", ".join(sorted(_RECIPES))})  # fmt: skip
        _only(recipe, _RECIPES | _BESIDE, f"columns.{name}")
    skips = tuple(_skip(one, f"skip.{place}") for place, one in enumerate(told.get("skip", ())))
    returns = told.get("returns")
    back = None if returns is None else _skip({**returns, "else": "return"}, "returns")
    used = {name for recipe in columns.values() for name in _named(recipe)}
    used |= {skip.column for skip in (*skips, *(() if back is None else (back,)))}
    return RowMapping(
        columns, frozenset(told.get("nulls", ())), skips, bool(told.get("lines")), back, frozenset(used)
    )


def map_row(mapping: RowMapping, row: Mapping[str, str | None]) -> Mapped:
    """The row as the activities format has it.

    :raises ValueError: a number or date is none; its words say which column
    """
    clean = {name: None if cell in mapping.nulls else cell for name, cell in row.items()}
    for skip in mapping.skips:
        if skip.holds(clean):
            return Mapped({}, skipped=skip.reason)
    cells = {}
    for name, recipe in mapping.columns.items():
        cell = _made(name, recipe, clean)
        if cell is not None and cell != "":
            cells[name] = cell
    return Mapped(cells, is_return=mapping.returns is not None and mapping.returns.holds(clean))


def _made(name: str, recipe: Mapping[str, Any], row: Mapping[str, str | None]) -> str | None:
    made: str | None
    if "column" in recipe:
        made = row.get(recipe["column"])
    elif "value" in recipe:
        made = str(recipe["value"])
    elif "text" in recipe:
        made = str(recipe["text"]).format_map({key: cell or "" for key, cell in row.items()})
    elif "date" in recipe:
        made = _date(name, recipe, row)
    else:
        made = _reckoned(name, recipe, row)
    if made and "without" in recipe:
        made = re.sub(recipe["without"], "", made)
    if made and recipe.get("negate") and made.startswith("-"):
        made = made[1:]
    return made


def _reckoned(name: str, recipe: Mapping[str, Any], row: Mapping[str, str | None]) -> str:
    """Money and numbers of things: exact, then rounded half up to hundredths."""
    if "sum" in recipe:
        return f"{sum((_number(name, row, one) for one in recipe['sum']), Decimal(0)):f}"
    total = Decimal(1)
    for one in recipe["product"]:
        factors = one if isinstance(one, list) else [one]
        total *= sum((_number(name, row, part) for part in factors), Decimal(0))
    return f"{total.quantize(Decimal('0.01'), ROUND_HALF_UP):f}"


def _date(name: str, recipe: Mapping[str, Any], row: Mapping[str, str | None]) -> str:
    year, month, day = (row.get(one) or "" for one in recipe["date"])
    try:
        number = int(month) if month.isdigit() else datetime.strptime(month, "%B").month  # noqa: DTZ007 -- a month's name has no zone
        first = date(int(year), number, int(day))
    except ValueError as odd:
        raise ValueError(_("%(column)s: this is no date.") % {"column": name}) from odd
    days = sum((_number(name, row, one) for one in recipe.get("plus_days", ())), Decimal(0))
    return (first + timedelta(days=int(days))).isoformat()


def _number(name: str, row: Mapping[str, str | None], column: str) -> Decimal:
    cell = row.get(column)
    try:
        number = Decimal(cell or "0")
    except InvalidOperation as odd:
        raise ValueError(_("%(column)s: %(cell)s is no number.") % {"column": name, "cell": cell}) from odd
    if not number.is_finite() or abs(number) > 10**12:
        raise ValueError(_("%(column)s: %(cell)s is no number.") % {"column": name, "cell": cell})
    return number


def _is_below(cell: str, bound: Decimal) -> bool:
    try:
        return Decimal(cell) < bound
    except InvalidOperation:
        return False


def _skip(told: Any, where: str) -> Skip:
    if not isinstance(told, dict) or "column" not in told:
        raise BadMapping(_("%(where)s: a condition names a column.") % {"where": where})
    _only(told, _CONDITIONS, where)
    try:
        return Skip(
            column=str(told["column"]),
            reason=str(told.get("else", "skipped")),
            among=frozenset(told.get("in", ())),
            pattern=re.compile(told["matches"]) if "matches" in told else None,
            below=Decimal(str(told["below"])) if "below" in told else None,
            unless=_skip(told["unless"], f"{where}.unless") if "unless" in told else None,
        )
    except (re.error, InvalidOperation, TypeError) as odd:
        raise BadMapping(_("%(where)s: %(why)s.") % {"where": where, "why": odd}) from odd


def _only(told: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    unknown = sorted(set(told) - known)
    if unknown:
        raise BadMapping(
            _("%(where)s: there is no %(name)s here.") % {"where": where or "mapping", "name": unknown[0]}
        )


def _named(recipe: Mapping[str, Any]) -> Sequence[str]:
    """The columns of the file that a recipe reads; a text's are looked at as it is made."""
    found = [recipe["column"]] if "column" in recipe else []
    for part in ("product", "sum", "date", "plus_days"):
        for one in recipe.get(part, ()):
            found += one if isinstance(one, list) else [one]
    return found
