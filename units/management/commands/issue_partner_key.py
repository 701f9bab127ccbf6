"""`issue_partner_key NAME --unit CODE --scope SCOPE`: give a partner system a key, shown once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from common import clock
from common.errors import NotFound
from units.models import BusinessUnit
from units.selectors.units import unit_by_code
from units.services.partner_keys import SCOPES, issue_partner_key


class Command(BaseCommand):
    help = "Issue a partner key. Its token is printed once and cannot be read again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the partner system, such as 'POS of the north mall'")
        parser.add_argument("--unit", action="append", required=True, help="code of a unit; may be repeated")
        parser.add_argument(
            "--scope", action="append", choices=sorted(SCOPES), help="may be repeated; default: all of them"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        key, token = issue_partner_key(
            name=options["name"],
            units=[_unit(code) for code in options["unit"]],
            scopes=options["scope"] or SCOPES.keys(),
            by="command:issue_partner_key",
            at=clock.now(),
        )
        self.stderr.write(
            _("Key %(prefix)s for %(name)s. Keep the token: it is shown only now.")
            % {"prefix": key.prefix, "name": key.name}
        )
        self.stdout.write(token)


def _unit(code: str) -> BusinessUnit:
    try:
        return unit_by_code(code)
    except NotFound as refusal:
        raise CommandError(_("There is no business unit %(code)s.") % {"code": code}) from refusal
