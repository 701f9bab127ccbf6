"""Consents: for which purpose a member lets which unit have their data, by which text, since when."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models.member import Member
from units.models import BusinessUnit


class ConsentPurpose(models.TextChoices):
    """What the data may be used for by the unit that receives it (PIPL, articles 14, 23 and 24)."""

    SHARE = "share", _("See my personal data")
    MARKETING = "marketing", _("Send me offers")
    PROFILING = "profiling", _("Choose offers by what I did")


class ConsentAct(models.TextChoices):
    """What a member said."""

    GIVEN = "given", _("Given")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class ConsentText(models.Model):
    """A version of what members are asked to agree to. Published, it never changes: another one follows.

    `asks_again`: it says something new, so that consents to earlier versions permit nothing any more.
    """

    id = models.BigAutoField(primary_key=True)
    purpose = models.CharField(_("purpose"), max_length=10, choices=ConsentPurpose.choices)
    version = models.CharField(_("version"), max_length=40, unique=True)
    title_zh = models.CharField(_("title in Chinese"), max_length=80)
    title_en = models.CharField(_("title in English"), max_length=80)
    words_zh = models.TextField(_("text in Chinese"))
    words_en = models.TextField(_("text in English"))
    asks_again = models.BooleanField(
        _("ask again"),
        default=False,
        help_text=_("It says something new: consents to earlier versions end, and members are asked again."),
    )
    published_at = models.DateTimeField(_("published"))
    published_by = models.CharField(_("published by"), max_length=80)

    class Meta:
        verbose_name = _("text of consent")
        verbose_name_plural = _("texts of consent")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(purpose__in=ConsentPurpose.values), name="consent_text_purpose_is_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(version="") & ~models.Q(words_zh="") & ~models.Q(words_en=""),
                name="consent_text_is_in_both_languages",
            ),
        ]
        indexes = [models.Index(fields=["purpose", "-published_at"], name="consent_text_newest_first")]

    def __str__(self) -> str:
        return self.version

    @property
    def title(self) -> str:
        """In the language of the reader."""
        return self.title_en if _is_english() else self.title_zh

    @property
    def words(self) -> str:
        """In the language of the reader."""
        return self.words_en if _is_english() else self.words_zh


class ConsentEvent(models.Model):
    """Append-only: what was said, when, by whom, through which channel (members/sql/consent_v1.sql)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="consent_events", verbose_name=_("member")
    )
    purpose = models.CharField(_("purpose"), max_length=10, choices=ConsentPurpose.choices)
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", verbose_name=_("receiving unit")
    )
    text = models.ForeignKey(
        ConsentText, on_delete=models.PROTECT, related_name="events", verbose_name=_("text of consent")
    )
    act = models.CharField(_("what was said"), max_length=9, choices=ConsentAct.choices)
    channel = models.CharField(_("channel"), max_length=20)
    by = models.CharField(_("by"), max_length=80)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("event of consent")
        verbose_name_plural = _("events of consent")
        indexes = [models.Index(fields=["member", "-at"], name="consent_event_newest_first")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(purpose__in=ConsentPurpose.values), name="consent_event_purpose_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(act__in=ConsentAct.values), name="consent_event_act_is_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(by="") & ~models.Q(channel=""), name="consent_event_says_who"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.act}"


class Consent(models.Model):
    """What holds now: the last event's word. The database writes it with the event, and nobody else does.

    Its row is the lock between a read of personal data, which shares it, and a withdrawal, which changes it.
    """

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="consents", verbose_name=_("member")
    )
    purpose = models.CharField(_("purpose"), max_length=10, choices=ConsentPurpose.choices)
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", verbose_name=_("receiving unit")
    )
    text = models.ForeignKey(
        ConsentText, on_delete=models.PROTECT, related_name="+", verbose_name=_("text of consent")
    )
    is_given = models.BooleanField(_("given"))
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.UniqueConstraint(fields=["member", "purpose", "unit"], name="one_consent_a_purpose"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.unit_id}: {self.is_given}"


def _is_english() -> bool:
    return (get_language() or "").startswith("en")
