"""A match key: a block of people who may be one, as a keyed hash."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models.member import Member


class MatchKeyKind(models.IntegerChoices):
    """What the people of a block share. Numbers, because there are eight rows a member."""

    NAME = 1, _("name")
    DAY = 2, _("birth date and an initial")
    YEAR = 3, _("name and birth year")
    MONTH_DAY = 4, _("name and birthday")
    HOUSE = 5, _("numbers of the address and an initial")
    STREET = 6, _("words of the address and an initial")
    DOOR = 7, _("house number, street and an initial")
    MAILBOX = 8, _("mailbox")
    TOLD = 9, _("card and name of a linked row")


class MatchKey(models.Model):
    """The member is in the block `key`. Nothing personal can be read from it without the key of the index.

    It lets an import decrypt only the members who may be the people of its rows.
    """

    pk = models.CompositePrimaryKey("member", "key")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.PositiveSmallIntegerField(choices=MatchKeyKind.choices)
    key = models.BigIntegerField()

    class Meta:
        verbose_name = _("match key")
        verbose_name_plural = _("match keys")
        db_table = "members_matchkey"
        indexes = [models.Index(fields=["key"], include=["member"], name="match_key_finds_members")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.member_id}"
