"""`provision_database --admin-url URL`: the three roles and the database on a server of your own."""

import secrets
from urllib.parse import unquote, urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty.engines import EngineError, given, provisioned
from loyalty.engines.postgres import APP, AUDITOR, DATABASE, OWNER

_VARIABLES = {APP: "DATABASE_URL", OWNER: "DATABASE_OWNER_URL", AUDITOR: "DATABASE_AUDITOR_URL"}


class Command(BaseCommand):
    """Makes roles and database, or brings them up to date. Running it again changes nothing else."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--admin-url", help="a superuser's URL; default: DATABASE_ADMIN_URL or its _FILE")
        parser.add_argument("--database", default=DATABASE, help=f"the database's name; default: {DATABASE}")

    def handle(self, *args: object, **options: str | None) -> None:  # noqa: ARG002 -- Django's signature
        """Passwords come from DATABASE_URL and its siblings if set, so that secrets may be made first."""
        try:
            admin_url = options["admin_url"] or given("DATABASE_ADMIN_URL")
            if not admin_url:
                raise CommandError("Give --admin-url, or set DATABASE_ADMIN_URL.")
            known = {role: _password(role, given(name)) for role, name in _VARIABLES.items()}
            urls = provisioned(
                admin_url,
                database=options["database"] or DATABASE,
                passwords={role: word or secrets.token_urlsafe(24) for role, word in known.items()},
                variable="--admin-url" if options["admin_url"] else "DATABASE_ADMIN_URL",
            )
        except EngineError as refusal:
            raise CommandError(str(refusal)) from refusal
        for role, name in _VARIABLES.items():
            # A password that the environment already knows is not shown again.
            self.stdout.write(f"{role}: as in {name}" if known[role] else f"{name}={urls[name]}")


def _password(role: str, url: str | None) -> str | None:
    """The password that `url` gives for `role`."""
    if not url:
        return None
    parts = urlsplit(url)
    if parts.username != role or not parts.password:
        raise EngineError(f"{_VARIABLES[role]} must sign in as {role}, with a password.")
    return unquote(parts.password)
