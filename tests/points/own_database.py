"""A database of a test's own, on which Django works meanwhile: to change its schema, or for an old ledger."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from tests.conftest import ADMIN_URL, APP_URL, AUDITOR_URL, NAME, OWNER_URL
from tests.databases import create_database, drop_database, ensure_template, url_of

OWN = f"{NAME}_own"
OWNER = url_of(OWN, OWNER_URL)
ADMIN = url_of(OWN, ADMIN_URL)


@contextmanager
def own_database() -> Iterator[None]:
    """A fresh copy of the migrated template in place of the tests' shared one."""
    urls = {"DATABASE_URL": APP_URL, "DATABASE_OWNER_URL": OWNER_URL, "DATABASE_AUDITOR_URL": AUDITOR_URL}
    server = url_of("postgres", ADMIN_URL)
    create_database(server, OWN, template=ensure_template(server, urls))
    link = connections["default"]
    link.close()
    link.settings_dict["NAME"] = OWN
    try:
        yield
    finally:
        link.close()
        link.settings_dict["NAME"] = NAME
        drop_database(server, OWN)
