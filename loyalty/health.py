"""Whether this process lives, and whether it can do its work: for load balancers and for `make up`."""

import logging
from collections.abc import Callable

from django.db import connection
from django.db import utils as db_errors
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError as BrokerError

from loyalty.celery import app

logger = logging.getLogger(__name__)

BROKER_SECONDS_MAX = 2


class _NotReadyError(Exception):
    """One sentence on what is missing, without addresses or secrets."""


@never_cache
@require_safe
def livez(_request: HttpRequest) -> JsonResponse:
    """200 while the process answers at all; touches nothing else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when database, migrations and broker are there, else 503; each is named with what is missing."""
    checks: dict[str, Callable[[], None]] = {
        "database": _check_database,
        "migrations": _check_migrations,
        "broker": _check_broker,
    }
    found = {name: _outcome(name, check) for name, check in checks.items()}
    ready = set(found.values()) == {"ok"}
    body = {"status": "ok" if ready else "unavailable", "checks": found}
    return JsonResponse(body, status=200 if ready else 503)


def _outcome(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except _NotReadyError as missing:
        logger.warning("not ready: %s: %s", name, missing)
        return str(missing)
    return "ok"


def _check_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (db_errors.DatabaseError, db_errors.InterfaceError) as error:
        connection.close()  # the next probe connects anew
        raise _NotReadyError("the database does not answer") from error


def _check_migrations() -> None:
    try:
        loader = MigrationLoader(connection)
    except (db_errors.DatabaseError, db_errors.InterfaceError) as error:
        raise _NotReadyError("the database does not answer") from error
    # Not a plan up to the newest ones: that overlooks a hole in the middle.
    waiting = loader.graph.nodes.keys() - loader.applied_migrations.keys()
    if waiting:
        raise _NotReadyError(f"{len(waiting)} migrations are not applied")


def _check_broker() -> None:
    try:
        with app.connection_for_write(connect_timeout=BROKER_SECONDS_MAX) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_SECONDS_MAX)
    except (BrokerError, OSError) as error:
        raise _NotReadyError("the broker does not answer") from error
