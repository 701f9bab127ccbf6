"""Car parks by what gates call them."""

from common.errors import NotFound
from parking.models import CarPark
from units.models import BusinessUnit


def car_park_by_code(code: str, *, unit: BusinessUnit) -> CarPark:
    """The car park of `unit` that its gates call `code`.

    :raises NotFound: the unit has none of this code
    """
    rows = CarPark.objects.filter(unit=unit, code=code).select_related("venue")
    found = rows.first() if "\x00" not in code else None
    if found is None:
        raise NotFound(field="car_park")
    found.unit = unit
    return found
