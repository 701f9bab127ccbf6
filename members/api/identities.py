"""A member's identities: what finds them and signs them in. Bound with a proof, shown masked."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as text
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.input import InstantField, RefField, StrictSerializer
from members.api.auth import MemberView
from members.models import Identity, IdentityKind, ProofCode
from members.rules.masking import masked_identity
from members.rules.one_time_code import DIGITS
from members.rules.proof import is_proven
from members.selectors.identities import identities_of
from members.services.identities import ask_to_bind, claim_plate, prove_identity, unbind_identity

# WeChat is bound by its own sign-in.
BINDABLE = (IdentityKind.PHONE.value, IdentityKind.EMAIL.value, IdentityKind.PLATE.value)
STATES = ("code_sent", "bound")
_ID = "0197714e-6c00-7a3d-8f2e-3b1c5d7e9f21"
_PHONE = {"id": _ID, "kind": "phone", "value": "139****5678"}
_BOUND = {**_PHONE, "is_proven": True, "proof": "code", "proven_at": "2026-06-15T04:01:00+00:00"}


class BindingRequest(StrictSerializer):
    """What I say is mine."""

    kind = serializers.ChoiceField(choices=BINDABLE)
    value = RefField(max_length=254, help_text=text("In any usual form."))


class CodeEntry(StrictSerializer):
    """The code that was sent."""

    code = RefField(max_length=DIGITS)

    default_error_messages = {"not_a_code": text("A code has six digits.")}

    def validate_code(self, code: str) -> str:
        """What cannot be the code takes no try."""
        if not (code.isascii() and code.isdigit() and len(code) == DIGITS):
            self.fail("not_a_code")
        return code


@extend_schema_serializer(
    examples=[OpenApiExample("A phone, proven", value=_BOUND, response_only=True)],
)
class IdentityShape(serializers.Serializer[Identity]):
    """What identifies me, masked even to me: phones are read over shoulders."""

    id = serializers.UUIDField(source="key")
    kind = serializers.ChoiceField(IdentityKind.choices)
    value = serializers.SerializerMethodField("get_masked", help_text=text("Masked."))
    is_proven = serializers.SerializerMethodField()
    proof = serializers.CharField(help_text=text("How: code, wechat, document, claim, or who told it."))
    proven_at = InstantField()

    def get_masked(self, identity: Identity) -> str:
        return masked_identity(identity.kind, identity.value)

    def get_is_proven(self, identity: Identity) -> bool:
        """Whether I have shown that it is mine; otherwise somebody said so."""
        return is_proven(identity.proof)


class BindingShape(serializers.Serializer[Any]):
    """What became of it. `code_sent`: enter the code at `me/identities/{id}/prove` until `expires_at`."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(BINDABLE)
    value = serializers.CharField(help_text=text("Masked."))
    state = serializers.ChoiceField(STATES)
    expires_at = InstantField(allow_null=True)


_SENT = {**_PHONE, "state": "code_sent", "expires_at": "2026-06-15T04:05:00+00:00"}
_CLAIMED = {**_PHONE, "kind": "plate", "value": "沪A***45", "state": "bound", "expires_at": None}


class MyIdentities(MemberView, ListAPIView[Identity]):
    """What identifies me."""

    ordering = ("-proven_at", "-id")
    serializer_class = IdentityShape
    filter_backends = ()
    queryset = Identity.objects.none()
    calls_per_minute = 60
    limit_name = "identities"

    @extend_schema(operation_id="my_identities", tags=["identities"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What identifies me, newest first, masked."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="bind_identity",
        tags=["identities"],
        request=BindingRequest,
        responses={201: BindingShape, 202: BindingShape},
        examples=[
            OpenApiExample("A phone", value={"kind": "phone", "value": "139 1234 5678"}, request_only=True),
            OpenApiExample("A code was sent", value=_SENT, response_only=True, status_codes=["202"]),
            OpenApiExample("A plate is bound", value=_CLAIMED, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, _request: Request) -> Response:
        """Bind a phone, e-mail address or plate. 202: a code is on its way; 201: a plate, bound at once.

        The answer is the same whether anybody else has the phone or address. Refusals: `bad_phone`;
        `bad_email`; `bad_plate`; `plate_of_another`; `too_many_identities`; `too_many_codes`;
        `member_suspended`.
        """
        asked = self.read(BindingRequest)
        at = clock.now()
        if asked["kind"] == IdentityKind.PLATE:
            bound = claim_plate(member=self.member, plate=asked["value"], by=self.actor, at=at)
            return Response(BindingShape(_told(bound)).data, status=201)
        proof = ask_to_bind(member=self.member, kind=asked["kind"], value=asked["value"], at=at)
        return Response(BindingShape(_told(proof)).data, status=202)

    def get_queryset(self) -> QuerySet[Identity]:
        return identities_of(member_id=self.member.pk)


class ProveIdentity(MemberView):
    """Entering a code."""

    # Fewer than other routes take: each is a guess. Not idempotent: a stored refusal would give the try back.
    calls_per_minute = 20
    limit_name = "codes"

    @extend_schema(
        operation_id="prove_identity",
        tags=["identities"],
        request=CodeEntry,
        responses=IdentityShape,
        examples=[
            OpenApiExample("The code", value={"code": "083915"}, request_only=True),
            OpenApiExample("Proven", value=_BOUND, response_only=True),
        ],
    )
    def post(self, _request: Request, identity: UUID) -> Response:
        """Enter the code that was sent: from now on it identifies me. 404: no binding of mine.

        My other phones are told of a new one. Refusals: `code_wrong` with `tries_left`; `code_ended`;
        `identity_of_another`; `too_many_identities`; `member_suspended`.
        """
        bound = prove_identity(
            member=self.member,
            proof_id=identity,
            code=self.read(CodeEntry)["code"],
            by=self.actor,
            at=clock.now(),
        )
        return Response(IdentityShape(bound).data)


class MyIdentity(MemberView):
    """One of mine."""

    @extend_schema(operation_id="unbind_identity", tags=["identities"], responses={204: None})
    def delete(self, _request: Request, identity: UUID) -> Response:
        """Unbind it: it finds me no more. 404: not mine. Refusals: `last_phone`; `member_suspended`."""
        unbind_identity(member=self.member, key=identity, by=self.actor, at=clock.now())
        return Response(status=204)


def _told(binding: Identity | ProofCode) -> dict[str, Any]:
    shown = {"kind": binding.kind, "value": masked_identity(binding.kind, binding.value)}
    if isinstance(binding, ProofCode):
        return {**shown, "id": binding.pk, "state": "code_sent", "expires_at": binding.expires_at}
    return {**shown, "id": binding.key, "state": "bound", "expires_at": None}
