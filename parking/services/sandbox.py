"""The sandbox provider: a real one's manners without its money, for development, tests and demonstrations.

It keeps books of its own (`SandboxCharge`), signs its notices as Standard Webhooks do (webhook-id,
webhook-timestamp, webhook-signature; HMAC-SHA256), may fail, may be silent, and may succeed late. What a
customer does at its sheet is `customer_pays`.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction

from common import Money
from common.clock import uuid7
from parking.models import SandboxCharge
from parking.services.providers import Answer, Charge, NoticeForged, ProviderAway, Word

CODE: Final = "sandbox"
TOLERANCE: Final = timedelta(minutes=5)
_SALT = "parking.sandbox-checkout"


class SandboxProvider:
    """See `parking.services.providers.Provider`."""

    def checkout(self, charge: Charge, *, at: datetime) -> str:  # noqa: ARG002 -- a real one's would end
        """Signed, so that nobody pays less."""
        said = [str(charge.payment_id), str(charge.money.amount), charge.money.currency]
        return signing.dumps(said, salt=_SALT)

    def look_up(self, charge: Charge) -> Answer:
        """From its books.

        :raises ProviderAway: it is being silent
        """
        row = SandboxCharge.objects.filter(pk=charge.payment_id).first()
        if row is None:
            return Answer(Word.PENDING)
        if row.silent:
            SandboxCharge.objects.filter(pk=row.pk).update(silent=row.silent - 1)
            raise ProviderAway
        return _answer(row)

    def refund(self, charge: Charge) -> None:
        """In its books; what was given back stays given back.

        :raises ProviderAway: it is being silent
        """
        row = SandboxCharge.objects.get(pk=charge.payment_id)
        if row.silent:
            SandboxCharge.objects.filter(pk=row.pk).update(silent=row.silent - 1)
            raise ProviderAway
        SandboxCharge.objects.filter(pk=row.pk).update(refunded=row.amount)

    def notice(self, headers: Mapping[str, str], body: bytes, *, at: datetime) -> tuple[UUID, Answer]:
        """The payment and the answer that a signed notice tells.

        :raises NoticeForged: see `refuse_unsigned`
        """
        refuse_unsigned(headers, body, at=at)
        said = json.loads(body)
        paid = Money(Decimal(said["amount"]), said["currency"])
        return UUID(said["payment"]), Answer(Word(said["word"]), said["ref"], paid, said["failure"])


@transaction.atomic
def customer_pays(
    *, checkout: str, at: datetime, is_refused: bool = False, silent: int = 0
) -> tuple[dict[str, str], bytes]:
    """A customer confirms (or, refused, has no funds) at the sandbox's sheet: the notice that it then sends.

    `silent`: so many times it will not answer when it is asked.

    :raises django.core.signing.BadSignature: a checkout that was not ours
    """
    payment, amount, currency = signing.loads(checkout, salt=_SALT)
    row, _ = SandboxCharge.objects.get_or_create(
        payment_id=UUID(payment), defaults={"amount": Decimal(amount), "currency": currency}
    )
    if row.state != Word.SUCCEEDED:
        row.state = Word.FAILED if is_refused else Word.SUCCEEDED
        row.paid_at, row.silent = None if is_refused else at, silent
        row.save(update_fields=["state", "paid_at", "silent"])
    return signed_notice(row, at=at)


def signed_notice(row: SandboxCharge, *, at: datetime) -> tuple[dict[str, str], bytes]:
    """Headers and body of the notice about `row`, as the sandbox sends it now."""
    answer = _answer(row)
    said = {
        "payment": str(row.pk), "word": answer.word.value, "ref": answer.ref,
        "amount": str(row.amount), "currency": row.currency, "failure": answer.failure,
    }  # fmt: skip
    body = json.dumps(said).encode()
    headers = {"webhook-id": f"msg_{uuid7().hex}", "webhook-timestamp": str(int(at.timestamp()))}
    return {**headers, "webhook-signature": f"v1,{_signature(headers, body)}"}, body


def refuse_unsigned(headers: Mapping[str, str], body: bytes, *, at: datetime) -> None:
    """Let only notices pass that the sandbox signed within five minutes of now.

    :raises NoticeForged: a header is missing or odd, the time is off, or no signature fits
    """
    told = {name.lower(): value for name, value in headers.items()}
    stamp, offered = told.get("webhook-timestamp", ""), told.get("webhook-signature", "")
    if not (told.get("webhook-id") and stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise NoticeForged
    if abs(int(stamp) - at.timestamp()) > TOLERANCE.total_seconds():
        raise NoticeForged
    right = f"v1,{_signature(told, body)}"
    if not any(hmac.compare_digest(one.encode(), right.encode()) for one in offered.split()):
        raise NoticeForged


def _signature(headers: Mapping[str, str], body: bytes) -> str:
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    secret = hashlib.sha256(f"parking.sandbox:{settings.SECRET_KEY}".encode()).digest()
    return base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def _answer(row: SandboxCharge) -> Answer:
    failure = "no_funds" if row.state == Word.FAILED else ""
    ref = f"SB{row.pk.hex}" if row.state == Word.SUCCEEDED else ""
    return Answer(Word(row.state), ref, Money(row.amount, row.currency), failure)
