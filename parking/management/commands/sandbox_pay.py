"""`manage.py sandbox_pay PAYMENT`: what a customer does at the sandbox provider's sheet, and its notice to
us.
"""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common import clock
from parking.models import Payment
from parking.services.payments import charge_of, hear_notice
from parking.services.sandbox import CODE, SandboxProvider, customer_pays


class Command(BaseCommand):
    help = (
        "Confirm (or, with --refuse, fail) a payment at the sandbox provider, and take in its signed notice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("payment", type=UUID)
        parser.add_argument("--refuse", action="store_true", help="the customer has no funds")
        parser.add_argument("--quiet", action="store_true", help="no notice comes: the schedule finds out")

    def handle(self, *_args: Any, **options: Any) -> None:
        payment = Payment.objects.filter(pk=options["payment"], provider=CODE).first()
        if payment is None or settings.PRODUCTION:
            raise CommandError("There is no such payment of the sandbox.")
        at = clock.now()
        checkout = SandboxProvider().checkout(charge_of(payment), at=at)
        headers, body = customer_pays(checkout=checkout, at=at, is_refused=options["refuse"])
        if not options["quiet"]:
            payment = hear_notice(provider=CODE, headers=headers, body=body, at=at)
        self.stdout.write(f"{payment.pk}: {payment.state}")
