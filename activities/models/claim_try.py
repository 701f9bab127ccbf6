"""A receipt that a member claimed and that does not exist: counted, so that nobody guesses receipts."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models import Member


class ClaimTry(models.Model):
    """One wrong try. Which receipt it was is not kept."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="+", db_index=False, verbose_name=_("member")
    )
    tried_at = models.DateTimeField(_("tried"))

    class Meta:
        verbose_name = _("wrong receipt claimed")
        verbose_name_plural = _("wrong receipts claimed")
        indexes = [models.Index(fields=["member", "tried_at"], name="claim_tries_of_member")]

    def __str__(self) -> str:
        return f"{self.member_id} {self.tried_at:%Y-%m-%d}"
