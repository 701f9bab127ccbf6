"""A wrong member code that somebody typed: counted, so that nobody guesses their way to a member."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7


class CodeGuess(models.Model):
    """Whose number was claimed and by which caller. Forgotten after two days."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(_("member number"), max_length=12)
    caller = models.CharField(_("caller"), max_length=80)
    guessed_at = models.DateTimeField(_("guessed"))

    class Meta:
        verbose_name = _("wrong member code")
        verbose_name_plural = _("wrong member codes")
        indexes = [
            models.Index(fields=["number", "guessed_at"], name="code_guesses_at_number"),
            models.Index(fields=["caller", "guessed_at"], name="code_guesses_by_caller"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.caller}"
