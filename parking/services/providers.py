"""Payment providers: what the house asks of whoever takes the money, and the one that the settings name.

A provider knows a payment by our id, so that asking twice charges once. Its answers are facts; its silence is
not an answer: the payment stays asked, and is looked up again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from common import Money
from common.errors import DomainError, NotFound, Unavailable


class ProviderAway(Unavailable):
    """No provider is set up, or it does not answer."""

    code = "payment_not_available"
    title = _("Payment is not available at the moment.")


class NoticeForged(DomainError):
    """A notice whose signature is not the provider's, or too old."""

    code = "notice_not_signed"
    status = 401
    title = _("This notice is not signed by the provider.")


class Word(StrEnum):
    """What a provider says of a payment."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Charge:
    """A payment as its provider knows it."""

    payment_id: UUID
    money: Money


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider says: `ref` is its own reference; `money` what was paid; `failure` a code of its."""

    word: Word
    ref: str = ""
    money: Money | None = None
    failure: str = ""


class Provider(Protocol):
    """What takes money. Every call may be repeated."""

    def checkout(self, charge: Charge, *, at: datetime) -> str:
        """What the member's app hands to the provider's own sheet."""

    def look_up(self, charge: Charge) -> Answer:
        """How the payment stands.

        :raises ProviderAway: no answer
        """

    def refund(self, charge: Charge) -> None:
        """Give all of it back, once however often it is asked for.

        :raises ProviderAway: no answer
        """

    def notice(self, headers: Mapping[str, str], body: bytes, *, at: datetime) -> tuple[UUID, Answer]:
        """What a call of the provider's says: our payment, and its answer.

        :raises NoticeForged: it is not the provider's
        """


def provider_named(code: str) -> Provider:
    """The provider of the settings' PAYMENT_PROVIDERS called `code`; the sandbox never in production.

    :raises NotFound: there is none
    """
    path = settings.PAYMENT_PROVIDERS.get(code)
    if path is None or (code == "sandbox" and settings.PRODUCTION):
        raise NotFound
    provider: Provider = import_string(path)()
    return provider


def provider_code() -> str:
    """The provider that new payments are asked of.

    :raises ProviderAway: none is set up
    """
    code: str = settings.PAYMENT_PROVIDER
    if not code or (code == "sandbox" and settings.PRODUCTION):
        raise ProviderAway(retry_after=3600)
    return code
