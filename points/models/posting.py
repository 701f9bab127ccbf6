"""A posting: one immutable transaction of the ledger."""

from django.db import models
from django.db.models.fields.json import KT
from django.utils.translation import gettext_lazy as _

from members.models import Member
from points.models.program import Program
from units.models import BusinessUnit


class PostingKind(models.TextChoices):
    """What happened."""

    ACCRUAL = "accrual", _("Accrual")
    REDEMPTION = "redemption", _("Redemption")
    EXCHANGE = "exchange", _("Points exchange")
    EXPIRY = "expiry", _("Expiry")
    REVERSAL = "reversal", _("Reversal")
    TRANSFER = "transfer", _("Transfer")
    ADJUSTMENT = "adjustment", _("Adjustment")
    MATURITY = "maturity", _("Early release")
    MOVE = "move", _("Move of a wallet")


class Posting(models.Model):
    """Who or what caused it, for which unit, from which source reference, by which rule and its version.

    Rows come from the kernel and never change. Foreign keys among journal rows are kept by the kernel and
    re-proved by the audit, not by the database: four look-ups a posting are a tenth of its cost (ADR 0004).
    """

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(_("kind"), max_length=12, choices=PostingKind.choices)
    unit = models.ForeignKey(
        BusinessUnit,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("business unit"),
    )
    source_ref = models.CharField(_("source reference"), max_length=200)
    member = models.ForeignKey(
        Member,
        on_delete=models.PROTECT,
        related_name="postings",
        db_constraint=False,
        db_index=False,
        verbose_name=_("member"),
    )
    program = models.ForeignKey(
        Program,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("program"),
    )
    points = models.BigIntegerField(_("points"))
    occurred_at = models.DateTimeField(_("happened"))
    posted_at = models.DateTimeField(_("posted"))
    actor = models.CharField(_("by"), max_length=80)
    rule = models.CharField(_("rule and version"), max_length=80, blank=True)
    reverses = models.UUIDField(_("reverses"), null=True)
    # A redemption keeps each wallet's share: {"shares": [{"program": 1, "spent": 200, "covered": 400,
    # "numerator": 2, "denominator": 1}, …]}; a refund keeps what was taken, owed and forgiven.
    detail = models.JSONField(_("detail"), null=True)
    digest = models.BinaryField(_("digest"), max_length=32)

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "kind", "source_ref"], name="one_source_reference_posts_once"
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-occurred_at", "-id"], name="posting_statement"),
            models.Index(
                fields=["reverses"], condition=models.Q(reverses__isnull=False), name="posting_reversals"
            ),
            # What came from another member stands in the statements of both.
            models.Index(KT("detail__to"), condition=models.Q(detail__has_key="to"), name="posting_received"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.source_ref}"
