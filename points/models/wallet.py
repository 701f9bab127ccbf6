"""A wallet: a member's balance in one program."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models import Member
from points.models.program import Program


class Wallet(models.Model):
    """The one row of a member and program that the kernel locks. Written by the kernel only.

    `balance` is the sum of its entries = the remaining points of its lots − `debt`.
    """

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="wallets", verbose_name=_("member")
    )
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="wallets", verbose_name=_("program")
    )
    balance = models.BigIntegerField(_("balance"), db_default=0)
    debt = models.BigIntegerField(_("debt"), db_default=0)
    # Set: the member is an alias of that one. What still comes here goes on there (points/sql/merged_v1.sql).
    merged_into = models.UUIDField(_("merged into"), null=True, editable=False)

    class Meta:
        verbose_name = _("wallet")
        verbose_name_plural = _("wallets")
        constraints = [
            models.UniqueConstraint(fields=["member", "program"], name="one_wallet_a_member_and_program"),
            models.CheckConstraint(
                condition=models.Q(balance__gte=-models.F("debt")), name="wallet_is_short_only_by_its_debt"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
