"""An entry: points moved between a wallet and a house account, two signed lines in one row."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models import Member
from points.models.posting import Posting
from points.models.program import Program
from points.models.wallet import Wallet
from units.models import BusinessUnit


class HouseAccount(models.TextChoices):
    """The unit's side of an entry, one account per program and unit. None keeps a running balance."""

    ISSUED = "issued", _("Issued")
    REDEEMED = "redeemed", _("Redeemed")
    EXPIRED = "expired", _("Expired")
    EXCHANGE = "exchange", _("Exchange")
    ADJUSTED = "adjusted", _("Adjusted")
    TRANSFER = "transfer", _("Between members")


class Entry(models.Model):
    """`points` to the wallet (negative: from it), and the same with the other sign to the house account.

    Both legs live in one row, so every posting sums to zero in every program by construction (ADR 0004).
    """

    id = models.BigAutoField(primary_key=True)
    posting = models.ForeignKey(
        Posting,
        on_delete=models.PROTECT,
        related_name="entries",
        db_constraint=False,
        verbose_name=_("posting"),
    )
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    wallet = models.ForeignKey(
        Wallet,
        on_delete=models.PROTECT,
        related_name="entries",
        db_constraint=False,
        verbose_name=_("wallet"),
    )
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    house = models.CharField(_("house account"), max_length=10, choices=HouseAccount.choices)
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    points = models.BigIntegerField(_("points"))

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")

    def __str__(self) -> str:
        return f"{self.points:+d} {self.get_house_display()}"
