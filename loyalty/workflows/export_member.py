"""Everything that the house holds about a member, for the member (PIPL, article 45).

Complete by construction: every table with a foreign key to the member, or to a table that has one, is a
section, field by field, whichever app it belongs to; a new table is there the day it is made. What is left
out is named below, with the reason.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import BinaryField, DateTimeField, Field, ForeignKey, Model, Q
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from members.models import Member
from members.models.encrypted_field import EncryptedField
from members.rules.ways_in import way_in_words
from members.selectors.aliases import ids_of, survivor_of

# Tables that name the member and are no part of the copy.
LEFT_OUT: Final = {
    "members.matchkey": "keyed hashes of what the copy says in clear",
    "members.matchcandidate": "asks whether another person is the same: it is about two people",
    "points.holdlot": "which lots a hold reserved: the copy tells the hold and the lots",
    "benefits.spentcode": "a digest of a code that was shown: the copy tells the usage",
    "benefits.stockmovement": "pieces on a shelf: the copy tells the order",
    "benefits.offlineentry": "salted digests for a till without a connection: the copy tells the voucher",
    "benefits.offlineuse": "what such a till told later: the copy tells the voucher's events",
    "parking.pointspaid": "ties an order to a posting: the copy tells both",
}
# Columns that say nothing to the member, or name members of staff.
_FIELDS_LEFT_OUT: Final = frozenset({"is_generated"})
# Columns that no screen shows have no name of their own.
_LABELS: Final = {
    "ID": _("record number"), "id": _("record number"), "key": _("record key"), "member": _("member"),
    "program": _("points program"), "unit": _("business unit"),
}  # fmt: skip
_OF_RECORDS: Final = frozenset({"id", "key"})
_WAYS_IN: Final = frozenset({("members.enrolment", "channel"), ("members.identity", "proof")})
# Characters that a page keeps on one line.
_SHORT: Final = 40


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one table: `fields` are (name, label) of its columns, `rows` the values in their order."""

    name: str
    title: str
    fields: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Any]]
    # By field, where a page says it in words: what its values are called.
    words: Sequence[Callable[[Any], str]]

    @property
    def as_objects(self) -> list[dict[str, Any]]:
        """Each row by the names of its fields."""
        names = [name for name, _label in self.fields]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    @property
    def as_page(self) -> SafeString:
        """The table in words, without columns in which nothing stands.

        Escaped here: a template's loop takes minutes over a long history.
        """
        told = [[say(value) for say, value in zip(self.words, row, strict=True)] for row in self.rows]
        shown = [place for place in range(len(self.fields)) if any(row[place] for row in told)]
        # What tells the records apart is of the least use to a reader.
        shown.sort(key=lambda place: self.fields[place][0] in _OF_RECORDS)
        head = "".join(f"<th>{escape(capfirst(self.fields[place][1]))}</th>" for place in shown)
        body = "\n".join("<tr>" + "".join(_cell(row[place]) for place in shown) + "</tr>" for row in told)
        return mark_safe(f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody>")  # noqa: S308 -- each value is escaped


def copy_of(*, member_id: UUID) -> list[Section]:
    """Everything about the person, under all their ids; the person first, then app by app."""
    ids = ids_of(survivor_of(member_id))
    return [section for section in _sections(ids) if section.rows]


def exported_models() -> list[tuple[type[Model], list[str]]]:
    """Every table that tells of a member, with the paths that lead to them; the member's own first."""
    found = {model: paths for model, paths in paths_to_member().items() if _label(model) not in LEFT_OUT}
    return sorted(found.items(), key=lambda told: told[0] is not Member)


def paths_to_member() -> dict[type[Model], list[str]]:
    """By table: the columns that name a member, else those that name a row that does, and so on.

    Where those that name a member may be empty (an order that a stranger paid at the barrier), both.
    """
    paths: dict[type[Model], list[str]] = {Member: ["id"]}
    for model in apps.get_models():
        names = [field.name for field in _columns(model) if _names_member(field) and model is not Member]
        if names:
            paths[model] = names
    for model, names in paths.items():
        if model is not Member and all(field.null for field in _columns(model) if field.name in names):
            paths[model] = names + _paths_by_way_of(paths, model, but=Member)
    while True:
        further = {
            model: names
            for model in apps.get_models()
            if model not in paths and (names := _paths_by_way_of(paths, model))
        }
        if not further:
            return paths
        paths |= further


def _paths_by_way_of(
    paths: Mapping[type[Model], Sequence[str]], model: type[Model], *, but: type[Model] | None = None
) -> list[str]:
    return [
        f"{field.name}__{path}"
        for field in _columns(model)
        if isinstance(field, ForeignKey) and field.related_model in paths and field.related_model is not but
        for path in paths[cast("type[Model]", field.related_model)]
    ]


def _label(model: type[Model]) -> str:
    return model._meta.label_lower  # noqa: SLF001 -- Django's documented model API


def _cell(words: str) -> str:
    """Short words stay on one line; the table scrolls."""
    return f"<td{' class=long' if len(words) > _SHORT else ''}>{escape(words)}</td>"


def _words_of(field: "Field[Any, Any]") -> Callable[[Any], str]:
    """How a page tells the values of `field`: codes by name, instants by the clock on the wall."""
    choices = {code: str(label) for code, label in field.flatchoices}
    if choices:
        return lambda value: choices.get(value, _in_words(value))
    if isinstance(field, DateTimeField):
        return _moment
    if (_label(field.model), field.name) in _WAYS_IN:
        return way_in_words
    return _in_words


def _moment(value: str | None) -> str:
    return "" if value is None else f"{localtime(datetime.fromisoformat(value)):%Y-%m-%d %H:%M}"


def _in_words(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_in_words(one)}" for name, one in value.items())
    if isinstance(value, list):
        return "; ".join(_in_words(one) for one in value)
    return str(value)


def _sections(ids: Sequence[UUID]) -> Iterator[Section]:
    for model, names in exported_models():
        meta = model._meta  # noqa: SLF001 -- same
        is_mine = Q()
        for name in names:
            is_mine |= Q(**{f"{name}__in": ids})
        rows = list(model._default_manager.filter(is_mine).order_by("pk"))  # noqa: SLF001 -- same
        fields = [field for field in _columns(model) if _is_told(field)]
        others = _others(rows, fields, set(ids))
        yield Section(
            meta.label_lower,
            str(meta.verbose_name_plural),
            [(field.name, _label_of(field)) for field in fields],
            [[_plain(others, field, getattr(row, field.attname)) for field in fields] for row in rows],
            [_words_of(field) for field in fields],
        )


def _label_of(field: "Field[Any, Any]") -> str:
    if field.model is Member and field.name == "name":
        return gettext("full name")
    label = str(field.verbose_name)
    return str(_LABELS.get(label, label))


def _columns(model: type[Model]) -> list["Field[Any, Any]"]:
    return list(model._meta.concrete_fields)  # noqa: SLF001 -- same


def _names_member(field: "Field[Any, Any]") -> bool:
    return isinstance(field, ForeignKey) and field.related_model is Member


def _is_told(field: "Field[Any, Any]") -> bool:
    """Not digests and indexes, not staff."""
    is_digest = isinstance(field, BinaryField) and not isinstance(field, EncryptedField)
    is_staff = isinstance(field, ForeignKey) and field.related_model is User
    return not is_digest and not is_staff and field.name not in _FIELDS_LEFT_OUT


def _others(
    rows: Sequence[Model], fields: Sequence["Field[Any, Any]"], ids: set[UUID]
) -> dict[str, dict[Any, str]]:
    """By field: what its foreign keys are called. One statement a field; other members stay nameless."""
    called: dict[str, dict[Any, str]] = {}
    for field in fields:
        if not isinstance(field, ForeignKey):
            continue
        keys = {getattr(row, field.attname) for row in rows} - {None}
        other = cast("type[Model]", field.related_model)
        if other is Member:
            mine = Member.objects.filter(pk__in=keys & ids).values_list("pk", "number")
            called[field.name] = dict.fromkeys(keys, "") | dict(mine)
        elif any(one.name == "code" for one in _columns(other)):
            known = other._default_manager.filter(pk__in=keys)  # noqa: SLF001 -- same
            called[field.name] = dict(known.values_list("pk", "code"))
    return called


def _plain(others: dict[str, dict[Any, str]], field: "Field[Any, Any]", value: Any) -> Any:
    """`value` as JSON and a page can tell it."""
    if field.name in others:
        return others[field.name].get(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)
