"""A seal: a signed Merkle root over the postings of a day, chained to the seal before."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from points.rules.seals import Block, SealContent


class Seal(models.Model):
    """Covers the postings with `starts_at <= posted_at < ends_at`. Append-only; its twin is a file elsewhere.

    The guards stand in points/sql/seals_v1.sql; what each field means in points/rules/seals.py.
    """

    number = models.PositiveIntegerField(_("number"), primary_key=True)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    postings = models.BigIntegerField(_("postings"))
    totals = models.JSONField(_("points by kind"))
    root = models.BinaryField(_("Merkle root"), max_length=32)
    blocks = models.JSONField(_("roots of blocks"))
    previous = models.BinaryField(_("digest of the seal before"), max_length=32)
    sealed_at = models.DateTimeField(_("sealed"))
    key = models.CharField(_("key"), max_length=16)
    digest = models.BinaryField(_("digest"), max_length=32)
    signature = models.BinaryField(_("signature"), max_length=64)

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        constraints = [
            models.CheckConstraint(condition=models.Q(number__gte=1), name="seals_are_numbered_from_one"),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="seal_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=models.Q(postings__gte=0), name="seal_postings_are_counted"),
        ]

    def __str__(self) -> str:
        return str(self.number)

    @property
    def content(self) -> SealContent:
        """What was sealed, for digests and files."""
        return SealContent(
            number=self.number,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            postings=self.postings,
            totals=self.totals,
            root=bytes(self.root),
            blocks=tuple(Block(**block) for block in self.blocks),
            previous=bytes(self.previous),
            sealed_at=self.sealed_at,
            key=self.key,
        )
