"""Units and outlets by the codes that files and partner systems call them by."""

from collections.abc import Iterable

from django.db.models import QuerySet

from common.errors import NotFound
from units.models import BusinessUnit, Outlet


def unit_by_code(code: str, *, among: Iterable[BusinessUnit] | None = None) -> BusinessUnit:
    """The unit called `code`: of the whole group, or of the units in `among` (a caller's scope).

    :raises NotFound: there is none, or it lies outside the scope: the two look alike
    """
    if among is not None:
        for unit in among:
            if unit.code == code:
                return unit
        raise NotFound(field="unit")
    # A NUL is no letter of a code, and PostgreSQL takes none in a text.
    found = BusinessUnit.objects.filter(code=code).first() if "\x00" not in code else None
    if found is None:
        raise NotFound(field="unit")
    return found


def outlet_by_code(code: str, *, unit: BusinessUnit) -> Outlet:
    """The outlet of `unit` that its tills call `code`.

    :raises NotFound: the unit has none of this code
    """
    outlet = Outlet.objects.filter(unit=unit, code=code).first() if "\x00" not in code else None
    if outlet is None:
        raise NotFound(field="outlet")
    return outlet


def outlets_of(unit: BusinessUnit) -> QuerySet[Outlet]:
    """Every outlet of `unit`, by code."""
    return Outlet.objects.filter(unit=unit).select_related("venue").order_by("code")


def outlet_ids_by_code(unit: BusinessUnit) -> dict[str, int]:
    """Code → id of every outlet of `unit`, in one query: for the bulk imports."""
    return dict(Outlet.objects.filter(unit=unit).values_list("code", "id"))
