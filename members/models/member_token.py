"""A member token: what lets a member's app read and spend as that member."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models.member import Member


class MemberToken(models.Model):
    """A bearer token of one member. Only its digest is kept."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="tokens", verbose_name=_("member")
    )
    token_sha256 = models.BinaryField(max_length=32, unique=True, editable=False)
    issued_by = models.CharField(_("issued by"), max_length=80)
    issued_at = models.DateTimeField(_("issued"))
    expires_at = models.DateTimeField(_("expires"))

    class Meta:
        verbose_name = _("member token")
        verbose_name_plural = _("member tokens")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gte=models.F("issued_at")),
                name="member_token_ends_after_its_start",
            ),
        ]

    def __str__(self) -> str:
        return f"token {self.pk} of {self.member_id}"
