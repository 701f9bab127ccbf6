"""What an earn rule says: its effect, the conditions under which it is taken, its caps; read strictly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import gettext as _

from activities.rules.reading import KINDS
from common.errors import InvalidRequest

BASE: Final = "base"
MULTIPLIER: Final = "multiplier"
CAP: Final = "cap"
EXCLUSION: Final = "exclusion"
TAX: Final = "tax"
EFFECTS: Final = (BASE, MULTIPLIER, CAP, EXCLUSION, TAX)
SECTORS: Final = ("residential", "mall", "hotel", "office")
CAP_MAX: Final = 10**12
DAYS_MAX: Final = 3660
ITEMS_MAX: Final = 500


class BadRuleTerms(InvalidRequest):
    """The terms cannot be an earn rule. `field` names the one at fault."""

    code = "bad_rule_terms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """All must hold; of a list, one. Empty asks nothing. Hours, weekdays and dates are the venue's own.

    Categories and articles are asked of each line of a purchase; `food/*` is every category that begins
    with `food/`. Weekdays are 1 (Monday) to 7. `hours` is (from, to), over midnight
    where the end is not after the start.
    """

    sectors: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    not_outlets: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    not_categories: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    not_items: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    weekdays: tuple[int, ...] = ()
    hours: tuple[time, time] | None = None
    dates: tuple[date, ...] = ()
    birthday: str = ""
    first_visit: bool = False
    minimum_spend: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """Whole points at most: of one activity, of a member in a local day, month or in all, of everybody."""

    per_activity: int | None = None
    per_day: int | None = None
    per_month: int | None = None
    per_member: int | None = None
    budget: int | None = None

    @property
    def are_shared(self) -> bool:
        """Whether what one activity gets depends on others."""
        return any(cap is not None for cap in (self.per_day, self.per_month, self.per_member, self.budget))


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The rest of a rule. `alone`: base rules of lower priority give nothing beside it.

    `full_steps_of`: money counts in full steps of so much. `pending_days`: days of 24 hours until its points
    can be spent. `expires_after_days`: they live so many days instead of as long as the program says.
    """

    conditions: Conditions = Conditions()
    caps: Caps = Caps()
    alone: bool = False
    full_steps_of: Decimal | None = None
    pending_days: int = 0
    expires_after_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One version of an earn rule, in force in `[starts_at, ends_at)`; None is open-ended.

    `rate` is points per currency unit, `fixed` points per activity (base); `factor` times (multiplier);
    `percent` of tax contained in the amounts (tax). `unit` is the one it belongs to, None: several.
    """

    rule_id: int
    code: str
    version: int
    program_id: int
    program: str
    program_is_active: bool
    effect: str
    unit: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    priority: int = 0
    rate: Decimal = Decimal(0)
    fixed: int = 0
    factor: Decimal = Decimal(1)
    percent: Decimal = Decimal(0)
    terms: Terms = Terms()

    @property
    def name(self) -> str:
        """How postings name it: `earn:MALL-BASE v3`."""
        return f"earn:{self.code} v{self.version}"

    @property
    def parcel(self) -> tuple[int, int | None]:
        """What its points share a lot by: pending days and days to live."""
        return self.terms.pending_days, self.terms.expires_after_days

    @property
    def needs_history(self) -> bool:
        """Whether what one activity earns by it depends on others of the member, or of everybody."""
        return self.terms.caps.are_shared or self.terms.conditions.first_visit

    def is_in_force(self, at: datetime) -> bool:
        """Whether it held at the instant `at`."""
        return (self.starts_at is None or self.starts_at <= at) and (
            self.ends_at is None or at < self.ends_at
        )

    def looks_at(self, unit: str, sector: str) -> bool:
        """Whether activities of a unit are its matter at all."""
        asked = self.terms.conditions
        return (
            (self.unit is None or self.unit == unit)
            and (not asked.units or unit in asked.units)
            and (not asked.sectors or sector in asked.sectors)
        )


def terms_from(told: Mapping[str, Any]) -> Terms:
    """The terms that a stored or sent document says.

    :raises BadRuleTerms: unknown names, wrong kinds of values, or caps and days out of range
    """
    told = dict(told)
    conditions = _read_all(Conditions, told.pop("conditions", {}), "conditions")
    caps = _read_all(Caps, told.pop("caps", {}), "caps")
    terms = _read_all(Terms, told, "")
    read = Terms(**{**terms, "conditions": Conditions(**conditions), "caps": Caps(**caps)})
    check_terms(read)
    return read


def terms_as_told(terms: Terms) -> dict[str, Any]:
    """The document of `terms`, without what it leaves open: `terms_from` reads it back."""
    told = {name: _plain(value) for name, value in _said(terms).items() if name not in {"conditions", "caps"}}
    for part, asked in (("conditions", terms.conditions), ("caps", terms.caps)):
        said = {name: _plain(value) for name, value in _said(asked).items()}
        if said:
            told[part] = said
    return told


def check_terms(terms: Terms) -> None:
    """What no type says.

    :raises BadRuleTerms: names the first field at fault
    """
    _check_conditions(terms.conditions)
    for field in fields(Caps):
        cap = getattr(terms.caps, field.name)
        if cap is not None and not 1 <= cap <= CAP_MAX:
            raise _bad(f"caps.{field.name}", _("A cap lets at least one point by. Empty: any number."))
    if terms.full_steps_of is not None and not 0 < terms.full_steps_of <= 10**9:
        raise _bad("full_steps_of", _("It must be more than 0, and at most 1,000,000,000."))
    if not 0 <= terms.pending_days <= DAYS_MAX:
        raise _bad("pending_days", _("The days must be 0 to %(max)s.") % {"max": DAYS_MAX})
    expires = terms.expires_after_days
    if expires is not None and not 1 <= expires <= DAYS_MAX:
        raise _bad("expires_after_days", _("The days must be 1 to %(max)s.") % {"max": DAYS_MAX})
    if expires is not None and expires <= terms.pending_days:
        raise _bad("expires_after_days", _("The points would expire before they can be spent."))


def _check_conditions(asked: Conditions) -> None:
    for name, known in (("sectors", SECTORS), ("kinds", KINDS), ("weekdays", range(1, 8))):
        odd = [item for item in getattr(asked, name) if item not in known]
        if odd:
            raise _bad(f"conditions.{name}", _("%(item)s is not one of them.") % {"item": odd[0]})
    for field in fields(Conditions):
        value = getattr(asked, field.name)
        if isinstance(value, tuple) and len(value) > ITEMS_MAX:
            words = _("There are more than %(max)s items.") % {"max": ITEMS_MAX}
            raise _bad(f"conditions.{field.name}", words)
    for wrong, name, words in (
        (asked.birthday not in {"", "day", "month"}, "birthday", _("A birthday is its day or its month.")),
        (asked.first_visit and not asked.sectors, "sectors", _("A first visit is to a sector: name it.")),
        (
            asked.minimum_spend is not None and not 0 < asked.minimum_spend <= 10**9,
            "minimum_spend",
            _("It must be more than 0, and at most 1,000,000,000."),
        ),
    ):
        if wrong:
            raise _bad(f"conditions.{name}", words)


_MONEY = {"minimum_spend", "full_steps_of"}
_WHOLE = {"pending_days", "expires_after_days", *(field.name for field in fields(Caps))}
_FLAGS = {"first_visit", "alone"}


def _read_all(kind: type, told: Any, part: str) -> dict[str, Any]:
    known = {field.name for field in fields(kind)}
    if not isinstance(told, Mapping):
        raise _bad(part, _("This must be an object."))
    unknown = sorted(told.keys() - known)
    if unknown:
        raise _bad(".".join(filter(None, (part, unknown[0]))), _("There is no such condition."))
    return {name: _read(name, value, ".".join(filter(None, (part, name)))) for name, value in told.items()}


def _read(name: str, value: Any, path: str) -> Any:
    if value is None and name in {*_MONEY, *_WHOLE, "hours"}:
        return None
    try:
        reader: Callable[[Any], Any] = _READERS.get(name, _words)
        return reader(value)
    except (TypeError, ValueError, InvalidOperation) as odd:
        raise _bad(path, _("This value does not fit.")) from odd


def _words(value: Any) -> tuple[str, ...]:
    return tuple(sorted({_word(item) for item in _of_kind(list, value)}))


def _whole(value: Any) -> int:
    number: int = _of_kind(int, value)
    return number


def _of_kind(kind: type, value: Any) -> Any:
    # True is an int in Python, and no number of points.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(kind)
    return value


def _word(item: Any) -> str:
    word: str = _of_kind(str, item)
    if not 0 < len(word) <= 80 or word != word.strip() or not word.isprintable():
        raise ValueError(word)
    return word


def _money(value: Any) -> Decimal:
    amount = Decimal(_of_kind(str, value))
    if not amount.is_finite() or amount != round(amount, 2):
        raise ValueError(value)
    return amount


def _hours(value: Any) -> tuple[time, time]:
    start, end = (time.fromisoformat(_of_kind(str, edge)) for edge in _of_kind(list, value))
    if start.second or end.second or start.tzinfo or end.tzinfo:
        raise ValueError(value)
    return start, end


_READERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_MONEY, _money),
    **dict.fromkeys(_WHOLE, _whole),
    **dict.fromkeys(_FLAGS, lambda value: _of_kind(bool, value)),
    "hours": _hours,
    "birthday": lambda value: _of_kind(str, value),
    "weekdays": lambda value: tuple(sorted({_whole(item) for item in _of_kind(list, value)})),
    "dates": lambda value: tuple(
        sorted({date.fromisoformat(_of_kind(str, item)) for item in _of_kind(list, value)})
    ),
}


def _said(part: Any) -> dict[str, Any]:
    """The fields that say something else than their default."""
    return {
        field.name: getattr(part, field.name)
        for field in fields(part)
        if getattr(part, field.name) != field.default
    }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, time):
        return value.isoformat("minutes")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _bad(field: str, message: str) -> BadRuleTerms:
    return BadRuleTerms(message, field=field or "terms")
