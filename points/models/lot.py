"""A lot: points of one accrual that share an issuer, a unit cost, an available-from and an expiry."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models import Member
from points.models.expiry_field import ExpiryInstantField
from points.models.posting import Posting
from points.models.program import Program
from points.models.wallet import Wallet
from units.models import BusinessUnit


class Lot(models.Model):
    """What was given is fixed; the kernel moves `remaining`, `held` and `is_open` under the wallet's lock.

    A refusal to touch the fixed columns stands in points/sql/append_only_v1.sql.
    """

    id = models.UUIDField(primary_key=True)
    wallet = models.ForeignKey(
        Wallet,
        on_delete=models.PROTECT,
        related_name="lots",
        db_constraint=False,
        db_index=False,
        verbose_name=_("wallet"),
    )
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    issuer = models.ForeignKey(
        BusinessUnit,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("issuing unit"),
    )
    posting = models.ForeignKey(
        Posting, on_delete=models.PROTECT, related_name="lots", db_constraint=False, verbose_name=_("posting")
    )
    points = models.BigIntegerField(_("points"))
    remaining = models.BigIntegerField(_("remaining"))
    held = models.BigIntegerField(_("held"), db_default=0)
    unit_cost = models.DecimalField(_("cost per point"), max_digits=12, decimal_places=6)
    earned_at = models.DateTimeField(_("earned"))
    available_at = models.DateTimeField(_("available from"))
    expires_at = ExpiryInstantField(_("expires"))
    # Of a rolling program: earning and redeeming move `expires_at` on, so the digest leaves it out.
    rolls = models.BooleanField(_("renewed by earning and redeeming"), db_default=False)
    is_open = models.BooleanField(_("open"))

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        constraints = [
            # One, since each is read anew by every statement; single columns are refused by their types
            # (points/sql/domains_v1.sql).
            models.CheckConstraint(
                condition=models.Q(remaining__range=(0, models.F("points")))
                & models.Q(held__range=(0, models.F("remaining")))
                & models.Q(is_open=models.Q(remaining__gt=0)),
                name="lot_amounts_fit",
            ),
        ]
        indexes = [
            # The spending order. Partial on the flag, not on `remaining`, so that draws stay HOT updates.
            models.Index(
                fields=["wallet", "expires_at", "earned_at", "id"],
                condition=models.Q(is_open=True),
                name="lot_spending_order",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)[-8:]
