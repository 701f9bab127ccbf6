"""Refuses an unsafe production: known keys, a fake clock, a login that could rewrite the journal.

The refusal happens when gunicorn, Celery or manage.py load the project, one sentence per fault on stderr and
exit code 3 (gunicorn stops for good on 3 instead of trying again). `check --deploy` lists the same faults.
"""

import base64
import binascii
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from loyalty.engines.provisioning import VERSION_MIN

ENVIRONMENTS = ("development", "test", "production")
EXIT_CODE = 3
# What the login may add to and never change: the ledger, which only the kernel writes, and each other history
# that only grows. Whoever could change it could make points, rights or proofs out of nothing.
JOURNAL = (
    "points_posting",
    "points_entry",
    "points_draw",
    "points_lot",
    "points_wallet",
    "points_hold",
    "points_holdlot",
    "points_seal",
    "members_memberevent",
    "members_membermerge",
    "members_memberunmerge",
    "members_consentevent",
    "members_consenttext",
    "members_dataaccess",
    "members_tierchange",
    "activities_tiercredit",
    "benefits_entitlemententry",
    "benefits_entitlementgrant",
    "benefits_grantend",
    "benefits_spentcode",
    "benefits_stockmovement",
    "benefits_rewardorderevent",
    "benefits_voucherevent",
    "benefits_offlinelist",
    "benefits_offlineentry",
    "benefits_offlineuse",
    "benefits_voucherdownload",
    "parking_orderpart",
    "parking_pointspaid",
)
# They build the image or make the roles: there is no secret yet, and they touch no data.
EARLY_COMMANDS = frozenset({"collectstatic", "compilemessages", "provision_database"})
# Only they may know the owner's login.
OWNER_COMMANDS = frozenset({"migrate", "showmigrations", "sqlmigrate"})
_SECRET_KEY_LENGTH_MIN = 50
_BLIND_INDEX_KEY_LENGTH_MIN = 32
_RANDOM_KEY_BYTES = 32
_DISTINCT_MIN = 8  # fewer different letters were typed, not drawn


def refuse_unsafe_start() -> None:
    """End the process when this environment is production and anything is unsafe about it.

    :raises SystemExit: with code 3, after one sentence per fault on stderr
    """
    command = _command()
    if settings.LOYALTY_ENV not in ENVIRONMENTS:
        _refuse([f"LOYALTY_ENV is {settings.LOYALTY_ENV!r}: it must be one of {', '.join(ENVIRONMENTS)}."])
    if settings.LOYALTY_FAKE_NOW and not settings.PRODUCTION and not _is_instant(settings.LOYALTY_FAKE_NOW):
        _refuse(["LOYALTY_FAKE_NOW must be an instant with its offset, such as 2026-03-31T08:00:00+08:00."])
    if not settings.PRODUCTION or command in EARLY_COMMANDS:
        return
    faults = [*setting_faults(), *login_faults(command)]
    if not faults and command not in OWNER_COMMANDS:
        faults = database_faults()
    if faults:
        _refuse(faults)


@register(Tags.security, deploy=True)
def check_production(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 -- Django's signature
    **kwargs: Any,  # noqa: ARG001 -- the same
) -> list[CheckMessage]:
    """The same faults for `manage.py check --deploy`."""
    return [Error(fault, id="loyalty.E001") for fault in setting_faults()]


def setting_faults() -> list[str]:
    """What is unsafe in the settings, one sentence each."""
    faults = [*_key_faults(), *_field_key_faults(), *_seal_key_faults()]
    if settings.LOYALTY_FAKE_NOW:
        faults.append("LOYALTY_FAKE_NOW moves the clock: unset it.")
    if settings.DEBUG:
        faults.append("DEBUG shows secrets to visitors: unset it.")
    if not settings.ALLOWED_HOSTS or {"*", "testserver"} & set(settings.ALLOWED_HOSTS):
        faults.append("ALLOWED_HOSTS must name the site's own hosts, without '*'.")
    if settings.CELERY_BROKER_URL.startswith("memory:"):
        faults.append("BROKER_URL is missing.")
    if settings.DATABASES["default"]["NAME"] == "unset":
        faults.append("DATABASE_URL is missing.")
    return faults


def login_faults(command: str) -> list[str]:
    """Whether a process that serves or works has been given a login that is not for it."""
    if command in OWNER_COMMANDS:
        return []
    return [
        f"{name} is set: only `manage.py migrate` may know it."
        for name in ("DATABASE_OWNER_URL", "DATABASE_ADMIN_URL")
        if os.environ.get(name) or os.environ.get(f"{name}_FILE")
    ]


def database_faults() -> list[str]:
    """What is unsafe about the server and our login to it. An unreachable server is a fault, too."""
    try:
        link = psycopg2.connect(**connections["default"].get_connection_params())
    except psycopg2.Error as refused:
        return [f"DATABASE_URL: cannot use the database: {' '.join(str(refused).split())}"]
    try:
        with link.cursor() as cursor:
            return _server_faults(link.server_version, cursor) + _right_faults(cursor)
    finally:
        link.close()


def _key_faults() -> list[str]:
    faults = []
    for name, length_min in (
        ("SECRET_KEY", _SECRET_KEY_LENGTH_MIN),
        ("BLIND_INDEX_KEY", _BLIND_INDEX_KEY_LENGTH_MIN),
    ):
        key = str(getattr(settings, name))
        if key == settings.DEMO_KEY or key.startswith(("demo-only-", "django-insecure-")):
            faults.append(f"{name} is a published key: set a random one.")
        elif len(key) < length_min or len(set(key)) < _DISTINCT_MIN:
            faults.append(f"{name} is too short or too plain: it needs {length_min} random characters.")
    if not faults and settings.SECRET_KEY == settings.BLIND_INDEX_KEY:
        faults.append("SECRET_KEY and BLIND_INDEX_KEY are the same: each needs its own.")
    return faults


def _field_key_faults() -> list[str]:
    if not settings.FIELD_KEYS:
        return ["FIELD_KEYS is empty: it needs at least one key."]
    faults = [
        _random_key_fault(f"FIELD_KEYS: key {place}", key)
        for place, key in enumerate(settings.FIELD_KEYS, start=1)
    ]
    return [fault for fault in faults if fault is not None]


def _seal_key_faults() -> list[str]:
    """The key that signs seals; a process that never signs may know public halves only."""
    if not settings.LEDGER_SEAL_KEY and not settings.LEDGER_SEAL_PUBLIC_KEYS:
        return ["LEDGER_SEAL_KEY is empty: no day of the journal can be sealed or verified."]
    faults = [
        f"LEDGER_SEAL_PUBLIC_KEYS: key {place} is not base64 of {_RANDOM_KEY_BYTES} bytes."
        for place, key in enumerate(settings.LEDGER_SEAL_PUBLIC_KEYS, start=1)
        if len(_decoded(key)) != _RANDOM_KEY_BYTES
    ]
    fault = (
        _random_key_fault("LEDGER_SEAL_KEY", settings.LEDGER_SEAL_KEY) if settings.LEDGER_SEAL_KEY else None
    )
    return faults if fault is None else [*faults, fault]


def _random_key_fault(name: str, key: str) -> str | None:
    """What is wrong with a key that should be base64 of 32 random bytes."""
    content = _decoded(key)
    if len(content) != _RANDOM_KEY_BYTES:
        return f"{name} is not base64 of {_RANDOM_KEY_BYTES} bytes."
    if content.isascii() or len(set(content)) < _DISTINCT_MIN:
        # 32 random bytes are all ASCII once in four thousand million draws; a typed phrase always is.
        return f"{name} is a published or a typed key: set a random one."
    return None


def _decoded(key: str) -> bytes:
    try:
        return base64.b64decode(key, validate=True)
    except binascii.Error:
        return b""


def _server_faults(version: int, cursor: Any) -> list[str]:
    faults = []
    if version < VERSION_MIN * 10_000:
        faults.append(
            f"The server is PostgreSQL {version // 10_000}; {VERSION_MIN} is the oldest that serves."
        )
    for name in ("fsync", "full_page_writes"):
        cursor.execute("SELECT current_setting(%s)", [name])
        if cursor.fetchone() != ("on",):
            faults.append(f"The server's {name} is off: a power cut would lose or tear postings.")
    return faults


def _right_faults(cursor: Any) -> list[str]:
    cursor.execute(
        """
        SELECT rolsuper OR rolbypassrls,
               has_schema_privilege('public', 'CREATE'),
               EXISTS (SELECT FROM pg_class
                       WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
                         AND pg_has_role(relowner, 'MEMBER'))
        FROM pg_roles WHERE rolname = current_user
        """
    )
    is_above_rights, may_create, owns_tables = cursor.fetchone()
    if is_above_rights:
        return ["DATABASE_URL signs in as a superuser: use loyalty_app."]
    faults = []
    if owns_tables or may_create:
        faults.append("DATABASE_URL signs in as an owner of the schema: use loyalty_app.")
    cursor.execute(
        """
        SELECT name FROM unnest(%s) AS name
        WHERE to_regclass('public.' || name) IS NOT NULL
          AND (has_any_column_privilege(to_regclass('public.' || name), 'UPDATE')
               OR has_table_privilege(to_regclass('public.' || name), 'DELETE, TRUNCATE'))
        """,
        [list(JOURNAL)],
    )
    faults += [
        f"The login of DATABASE_URL may change the journal table {name}: use loyalty_app."
        for (name,) in cursor.fetchall()
    ]
    return faults


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _command() -> str:
    """The management command that runs, or an empty string for gunicorn, Celery and others."""
    words = sys.argv[:2]
    return words[1] if len(words) == 2 and Path(words[0]).name in {"manage.py", "django-admin"} else ""


def _refuse(faults: list[str]) -> None:
    sys.stderr.write("".join(f"error: {fault}\n" for fault in faults))
    raise SystemExit(EXIT_CODE)
