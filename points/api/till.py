"""A till, and how it names a member: the same five words on every route that asks who."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.errors import NotFound
from common.input import RefField, StrictSerializer
from members.models import Member
from members.selectors.members import member_named
from units.api.auth import PartnerView
from units.models import BusinessUnit

WAYS = ("id", "number", "phone", "card", "plate")


class MemberRef(StrictSerializer):
    """A member: exactly one of these."""

    id = RefField(max_length=36, required=False, help_text=_("As an earlier answer gave it."))
    number = RefField(max_length=16, required=False, help_text=_("The member number."))
    phone = RefField(max_length=32, required=False, help_text=_("In any usual form."))
    card = RefField(max_length=40, required=False, help_text=_("The unit's own card."))
    plate = RefField(max_length=16, required=False, help_text=_("Of a car bound to the member."))

    ways: tuple[str, ...] = WAYS
    default_error_messages = {
        "not_one": _("Name the member by exactly one of id, number, phone, card and plate.")
    }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Two names could mean two people."""
        if sum(way in attrs for way in self.ways) != 1:
            self.fail("not_one")
        return attrs


class TillView(PartnerView):
    """A door that a till comes in by."""

    def till(self) -> str:
        """Who acts, and at which outlet where it says so: `partner:<prefix>@<outlet>`.

        :raises NotFound: the unit has no such outlet
        """
        return self.actor if self.outlet is None else f"{self.actor}@{self.outlet.code}"

    def payer(self, ref: Mapping[str, str]) -> Member:
        """Whom `ref` names; a card is one of this unit.

        :raises NotFound: nobody
        """
        unit = self.unit  # a unit that is not there is no missing member
        try:
            return member_named(ref, unit=unit)
        except NotFound as nobody:
            raise NotFound(str(_("There is no such member.")), field="member") from nobody

    def places(self) -> list[BusinessUnit]:
        """The units whose redemptions this request may touch: the one it names, or all of its key.

        :raises NotFound: no unit of this key has that code
        """
        return [self.unit] if "unit" in self.request.data else list(self.partner.units)
