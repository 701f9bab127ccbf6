"""A merge of two members, and its undoing: events with their evidence, what was moved, and by whom."""

from django.db import models
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models.encrypted_field import EncryptedTextField, OctetLength
from members.models.member import Member


class MemberMerge(models.Model):
    """Append-only (members/sql/member_merge_v1.sql). It stands until a MemberUnmerge names it.

    `effects` says by ids what became the survivor's, so that undoing it knows: docs/merging.md. It holds
    nothing of the people themselves.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    survivor = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="merges", verbose_name=_("kept member")
    )
    alias = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="merged_away_by", verbose_name=_("merged-away member")
    )
    # Why the two are one person: what was seen. Whichever of the two is erased, it is closed with the key of
    # the one who was merged away: of two people it says most about them.
    evidence = EncryptedTextField(_("evidence"), owner="alias_id")
    effects = models.JSONField(_("what was moved"), default=dict)
    by = models.CharField(_("by"), max_length=80)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        permissions = [("merge_member", "Can merge members and undo a merge")]
        indexes = [models.Index(fields=["-at"], name="member_merge_newest_first")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(survivor=models.F("alias")), name="member_merge_is_of_two"
            ),
            models.CheckConstraint(
                condition=GreaterThan(OctetLength("evidence"), 0), name="member_merge_has_its_evidence"
            ),
            models.CheckConstraint(condition=~models.Q(by=""), name="member_merge_says_who"),
        ]

    def __str__(self) -> str:
        return str(self.pk)[-8:]


class MemberUnmerge(models.Model):
    """Append-only. `turn` 1 undoes the merge; later turns give back what has come free since."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    merge = models.ForeignKey(
        MemberMerge, on_delete=models.PROTECT, related_name="undone_by", verbose_name=_("merge")
    )
    turn = models.PositiveSmallIntegerField(_("turn"))
    evidence = EncryptedTextField(_("evidence"), owner="merge.alias_id")
    # What went back and what stays, by ids and numbers.
    effects = models.JSONField(_("what went back"), default=dict)
    by = models.CharField(_("by"), max_length=80)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("undone merge")
        verbose_name_plural = _("undone merges")
        constraints = [
            models.UniqueConstraint(fields=["merge", "turn"], name="a_merge_is_undone_once"),
            models.CheckConstraint(condition=models.Q(turn__gte=1), name="member_unmerge_turns_count_from_1"),
            models.CheckConstraint(
                condition=GreaterThan(OctetLength("evidence"), 0), name="member_unmerge_has_its_evidence"
            ),
            models.CheckConstraint(condition=~models.Q(by=""), name="member_unmerge_says_who"),
        ]

    def __str__(self) -> str:
        return f"{str(self.merge_id)[-8:]} ({self.turn})"
