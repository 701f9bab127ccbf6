"""Steps that no service would take, and that the database itself refuses."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, models, transaction


@contextmanager
def refused_in(*tables: type[models.Model], match: str) -> Iterator[None]:
    """The step fails with a reason that says `match`, and every row of `tables` is as it was."""
    before = [_rows(table) for table in tables]
    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        yield
    assert [_rows(table) for table in tables] == before


def _rows(table: type[models.Model]) -> list[tuple[object, ...]]:
    return sorted(table._default_manager.values_list(), key=str)
