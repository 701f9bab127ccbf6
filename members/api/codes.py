"""Member codes at the doors: a member shows one, a partner's system tells whose it is."""

from datetime import datetime
from io import BytesIO

import segno
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.input import InstantField
from members.api.auth import MemberView
from members.models import Member
from members.services.member_codes import (
    MadeCode,
    MemberCodeWrong,
    make_member_code,
    note_wrong_code,
    proven_code,
)
from units.api.auth import PartnerView

CODE_SHOWN = {
    "code": "LM1.ABTIQC5ZAGK3AAAAAAAAOAAA…",
    "digits": "1000 0000 0017 4829 1375",
    "expires_at": "2026-06-15T04:01:00+00:00",
    "qr_svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 45 45">…</svg>',
}


class ShownCodeShape(serializers.Serializer[MadeCode]):
    """A code to show for a minute: the QR code and the digits are one code, good for one usage."""

    code = serializers.CharField(source="text", help_text=_("What the QR code holds."))
    digits = serializers.SerializerMethodField(help_text=_("To be typed where nothing scans."))
    expires_at = InstantField()
    qr_svg = serializers.SerializerMethodField(help_text=_("The QR code as an SVG picture."))

    def get_digits(self, made: MadeCode) -> str:
        return " ".join(made.digits[start : start + 4] for start in range(0, len(made.digits), 4))

    def get_qr_svg(self, made: MadeCode) -> str:
        return qr_svg(made.text)


class CardShape(ShownCodeShape):
    """The member's card."""

    number = serializers.SerializerMethodField()

    def get_number(self, _made: MadeCode) -> str:
        member: Member = self.context["member"]
        return member.number


class MyCard(MemberView):
    """What I show at a desk."""

    @extend_schema(
        operation_id="my_card",
        tags=["members"],
        responses=CardShape,
        examples=[
            OpenApiExample("A card", value={**CODE_SHOWN, "number": "100000000017"}, response_only=True)
        ],
    )
    def get(self, _request: Request) -> Response:
        """My number and a code that proves it is me; good for 60 seconds and for one usage. Ask again after.

        Refusals: `member_suspended`.
        """
        made = make_member_code(member=self.member, at=clock.now())
        return Response(CardShape(made, context={"member": self.member}).data)


class CodeDoor(PartnerView):
    """A door that takes member codes: a wrong one is counted, though the refusal undoes all else."""

    def handle_exception(self, exc: Exception) -> Response:
        """Outside whatever transaction the request ran in."""
        if isinstance(exc, MemberCodeWrong):
            note_wrong_code(wrong=exc, caller=self.caller(), at=clock.now())
        answer: Response = super().handle_exception(exc)
        return answer


def shown_member(*, code: str, caller: str, at: datetime) -> Member:
    """Whose card is shown, under the id they go on with.

    :raises MemberCodeWrong, MemberCodeExpired, TooManyWrongCodes: see proven_code
    """
    return Member.objects.get(pk=proven_code(code=code, caller=caller, at=at).member_id)


def qr_svg(text: str) -> str:
    """`text` as a QR code that scales to its place; a seventh of it may be dirty (level M)."""
    picture = BytesIO()
    segno.make(text, error="m", micro=False).save(
        picture, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4
    )
    return picture.getvalue().decode()
