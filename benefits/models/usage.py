"""The entitlement ledger: every hold, use, release and restoring of a right, one after another."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from benefits.models.grant import EntitlementGrant
from benefits.models.rule import EntitlementRule
from benefits.models.version import BenefitVersion, Payer
from common import Money
from common.clock import uuid7
from members.models import Member, Residency
from members.models.encrypted_field import EncryptedTextField
from units.models import BusinessUnit, Outlet, Venue


class EntryKind(models.TextChoices):
    """What an entry does to what is left of a right in its period."""

    HOLD = "hold", _("Held")
    USE = "use", _("Used")
    RELEASE = "release", _("Released")
    RESTORE = "restore", _("Restored")


class EntitlementEntry(models.Model):
    """Append-only. Entries of one right in one period form a chain: each follows the last and seals it.

    `place`, `taken_before`, `taken_after` and `digest` are the database's (benefits/sql/entitlements_v1.sql).
    `given` is the quota as it was then; `elsewhere` what other ids of the same person had taken of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    entitlement = models.UUIDField(_("entitlement"), help_text=_("The right, as the API names it."))
    period_starts_on = models.DateField(_("period from"))
    period_ends_on = models.DateField(_("period until"), null=True)
    place = models.PositiveIntegerField(_("place in its period"), default=0)
    kind = models.CharField(_("kind"), max_length=7, choices=EntryKind.choices)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    given = models.DecimalField(_("quota then"), max_digits=12, decimal_places=2)
    elsewhere = models.DecimalField(_("taken under other ids"), max_digits=12, decimal_places=2, default=0)
    taken_before = models.DecimalField(_("taken before"), max_digits=12, decimal_places=2, default=0)
    taken_after = models.DecimalField(_("taken after"), max_digits=12, decimal_places=2, default=0)
    # What a release, a restoring or the use of a hold is of.
    of = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="followers", null=True, verbose_name=_("of")
    )
    hold_until = models.DateTimeField(_("held until"), null=True)
    # Whose right it is; who used it.
    holder = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="+", verbose_name=_("holder of the right")
    )
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="entitlement_entries", verbose_name=_("member")
    )
    # From what: exactly one of rule and grant; the residency where the rule asks for a role.
    rule = models.ForeignKey(
        EntitlementRule, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("rule")
    )
    grant = models.ForeignKey(
        EntitlementGrant, on_delete=models.PROTECT, related_name="entries", null=True, verbose_name=_("grant")
    )
    residency = models.ForeignKey(
        Residency, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("residency")
    )
    version = models.ForeignKey(
        BenefitVersion, on_delete=models.PROTECT, related_name="+", verbose_name=_("version of the benefit")
    )
    # What settlement needs: who provided, who honoured, at what value; who bears it.
    provider = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", verbose_name=_("provided by")
    )
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", verbose_name=_("honoured by")
    )
    venue = models.ForeignKey(
        Venue, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("venue")
    )
    outlet = models.ForeignKey(
        Outlet, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("outlet")
    )
    payer = models.CharField(_("who pays"), max_length=9, choices=Payer.choices)
    unit_value = models.DecimalField(_("worth of one"), max_digits=12, decimal_places=6)
    value = models.DecimalField(_("worth"), max_digits=24, decimal_places=8)
    currency = models.CharField(_("currency"), max_length=3)
    source_ref = models.CharField(_("source reference"), max_length=200)
    actor = models.CharField(_("by"), max_length=80)
    # A word of ours; what people say stands beside the chain, closed with the member's key.
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")
    words = EncryptedTextField(_("what happened"), owner="member_id", blank=True, default="")
    at = models.DateTimeField(_("happened"))
    digest = models.BinaryField(_("digest"), max_length=32, default=b"")

    class Meta:
        verbose_name = _("entitlement entry")
        verbose_name_plural = _("entitlement entries")
        constraints = [
            models.UniqueConstraint(
                fields=["entitlement", "period_starts_on", "place"], name="entry_follows_the_last"
            ),
            models.UniqueConstraint(fields=["unit", "kind", "source_ref"], name="entry_reference_once"),
            models.UniqueConstraint(
                fields=["of"],
                condition=models.Q(kind__in=["use", "release"]),
                name="a_held_entitlement_ends_once",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=EntryKind.values) & models.Q(payer__in=Payer.values),
                name="entry_words_are_known",
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="entry_moves_some_of_a_right"),
            models.CheckConstraint(
                condition=models.Q(taken_before__gte=0, taken_after__gte=0, elsewhere__gte=0, given__gte=0),
                name="entry_sums_are_not_negative",
            ),
            # The quota, said by the database: what takes more must still fit.
            models.CheckConstraint(
                condition=models.Q(taken_after__lte=models.F("taken_before"))
                | models.Q(given__gte=models.F("elsewhere") + models.F("taken_after")),
                name="nobody_takes_more_than_is_given",
            ),
            models.CheckConstraint(
                condition=models.Q(rule__isnull=False, grant__isnull=True)
                | models.Q(rule__isnull=True, grant__isnull=False),
                name="a_right_is_of_a_rule_or_a_grant",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="hold", of__isnull=True, hold_until__gt=models.F("at"))
                | models.Q(kind="use", hold_until__isnull=True)
                | models.Q(kind__in=["release", "restore"], of__isnull=False, hold_until__isnull=True),
                name="entry_says_what_it_is_of",
            ),
            models.CheckConstraint(
                condition=models.Q(value=models.F("amount") * models.F("unit_value")),
                name="entry_is_worth_its_amount",
            ),
            models.CheckConstraint(
                condition=~models.Q(source_ref="") & ~models.Q(actor=""), name="entry_says_who"
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-at"], name="entitlement_entry_of_member"),
            models.Index(fields=["holder", "-at"], name="entitlement_entry_of_holder"),
            models.Index(fields=["unit", "-at"], name="entitlement_entry_at_unit"),
            models.Index(
                fields=["entitlement", "hold_until"],
                condition=models.Q(kind="hold"),
                name="entitlement_holds",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount.normalize():f}"

    @property
    def worth(self) -> Money:
        """What settlement counts."""
        return Money(self.value, self.currency)


class SpentCode(models.Model):
    """A member code that was used: once in the whole group, whichever unit came first."""

    # The keyed digest of member, instant and what the code was for: the code itself is not kept.
    digest = models.BinaryField(_("digest"), max_length=32, unique=True)
    entry = models.OneToOneField(
        EntitlementEntry, on_delete=models.PROTECT, related_name="code", verbose_name=_("entry")
    )
    spent_at = models.DateTimeField(_("used"))

    class Meta:
        verbose_name = _("used member code")
        verbose_name_plural = _("used member codes")

    def __str__(self) -> str:
        return f"{self.entry_id}"
