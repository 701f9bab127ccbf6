"""`issue_member_token NUMBER`: a bearer token with which to try the member surface, shown once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from common import clock
from common.errors import DomainError, NotFound
from members.models import Member
from members.selectors.members import member_by_number
from members.services.tokens import LIFETIME, issue_member_token


class Command(BaseCommand):
    help = "Issue a member token. It is printed once and cannot be read again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", help="member number, 12 digits")
        parser.add_argument("--days", type=int, default=LIFETIME.days, help="days until it expires")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not 1 <= options["days"] <= 366:
            raise CommandError(_("A token lives 1 to 366 days."))
        try:
            token, text = issue_member_token(
                member=_member(options["number"]),
                by="command:issue_member_token",
                at=clock.now(),
                lifetime=timedelta(days=options["days"]),
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stderr.write(
            _("Good until %(expires)s. Keep the token: it is shown only now.")
            % {"expires": token.expires_at.isoformat()}
        )
        self.stdout.write(text)


def _member(number: str) -> Member:
    try:
        return member_by_number(number)
    except NotFound as refusal:
        raise CommandError(_("There is no member %(number)s.") % {"number": number}) from refusal
