"""Doors of the member surface that go through every app: a copy of everything, and erasure."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.errors import InvalidRequest
from common.input import InstantField
from loyalty.workflows.erase_member import ask_erasure, send_erasure_code
from loyalty.workflows.export_member import Section, copy_of
from members.api import member as members
from members.api.auth import MemberView
from members.models import DataExport, Erasure, IdentityKind
from members.rules.masking import masked_identity
from members.rules.one_time_code import DIGITS
from members.selectors.exports import export_of
from members.services.exporting import ask_export

_ID: Final = "0197714e-6c00-7a3d-8f2e-3b1c5d7e9f21"
_EXPORT: Final = {
    "id": _ID,
    "asked_at": "2026-06-15T04:00:00+00:00",
    "expires_at": "2026-06-18T04:00:00+00:00",
}


@extend_schema_serializer(examples=[OpenApiExample("Asked", value=_EXPORT, response_only=True)])
class DataExportShape(serializers.Serializer[DataExport]):
    """A copy that can be fetched until `expires_at`, as JSON and as a page."""

    id = serializers.UUIDField()
    asked_at = InstantField()
    expires_at = InstantField()


@extend_schema_field({"type": "array", "items": {"type": "object", "additionalProperties": {}}})
class _Rows(serializers.ReadOnlyField):
    """Rows as they are: a field a value would take minutes over a long history."""


class SectionShape(serializers.Serializer[Any]):
    """One kind of thing that is known: its rows, each by the names of its fields."""

    name = serializers.CharField()
    title = serializers.CharField()
    rows = _Rows(source="as_objects")


class CopyShape(serializers.Serializer[Any]):
    """Everything that is known about me at `made_at`."""

    made_at = InstantField()
    member = serializers.CharField()
    sections = SectionShape(many=True)


class MyDataExports(MemberView):
    """Asking for a copy."""

    calls_per_minute = 10
    limit_name = "exports"

    @extend_schema(
        operation_id="ask_data_export", tags=["privacy"], request=None, responses={201: DataExportShape}
    )
    def post(self, _request: Request) -> Response:
        """Ask for a copy of everything about me. It is ready at once, and made anew each time it is fetched.

        It shows in my access log. Refusals: `too_many_exports`.
        """
        export = ask_export(member_id=self.member.pk, by=self.actor, at=clock.now())
        return Response(DataExportShape(export).data, status=201)


class _Copy(MemberView):
    """Fetching a copy that was asked for."""

    calls_per_minute = 10
    limit_name = "exports"

    def told(self, export: UUID) -> tuple[datetime, list[Section]]:
        """Now, and all there is.

        :raises NotFound: no copy of mine, or not any more
        """
        at = clock.now()
        export_of(member_id=self.member.pk, export_id=export, at=at)
        return at, copy_of(member_id=self.member.pk)


class MyDataExport(_Copy):
    """The copy for machines."""

    @extend_schema(operation_id="data_export", tags=["privacy"], responses=CopyShape)
    def get(self, _request: Request, export: UUID) -> Response:
        """Everything about me as JSON. 404: no copy of mine, or past its time."""
        at, sections = self.told(export)
        copy = {"made_at": at, "member": self.member.number, "sections": sections}
        return Response(CopyShape(copy).data)


class MyDataExportPage(_Copy):
    """The copy for people."""

    @extend_schema(
        operation_id="data_export_page",
        tags=["privacy"],
        responses={(200, "text/html"): OpenApiTypes.STR},
    )
    def get(self, _request: Request, export: UUID) -> HttpResponse:
        """The same as a page, in the language of `Accept-Language`."""
        at, sections = self.told(export)
        page = render_to_string(
            "privacy/copy.html", {"sections": sections, "made_at": at, "member": self.member}
        )
        return HttpResponse(page, content_type="text/html; charset=utf-8")


class ErasureCode(serializers.Serializer[Any]):
    """A code is on its way. Send its `id` and the code with `DELETE me`."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(IdentityKind.choices)
    value = serializers.CharField(help_text=_("Masked."))
    expires_at = InstantField()


class MyErasureCodes(MemberView):
    """Proving anew who I am."""

    calls_per_minute = 20
    limit_name = "codes"

    @extend_schema(
        operation_id="send_erasure_code", tags=["privacy"], request=None, responses={202: ErasureCode}
    )
    def post(self, _request: Request) -> Response:
        """Send a code to my phone (or e-mail): erasure asks for it. A guardian's goes to the guardian.

        Refusals: `nothing_to_prove_by`; `too_many_codes`.
        """
        proof = send_erasure_code(caller=self.signed_in, at=clock.now())
        told = {
            "id": proof.pk,
            "kind": proof.kind,
            "value": masked_identity(proof.kind, proof.value),
            "expires_at": proof.expires_at,
        }
        return Response(ErasureCode(told).data, status=202)


class ProofMissing(InvalidRequest):
    """Erasure cannot be undone: it is asked for with a code that was sent for it."""

    code = "proof_missing"
    title = _("Please enter the code that was sent for this.")


_ERASED: Final = {"due_at": "2026-06-15T04:00:00+00:00", "done_at": "2026-06-15T04:00:00+00:00"}


@extend_schema_serializer(examples=[OpenApiExample("Done", value=_ERASED, response_only=True)])
class ErasureShape(serializers.Serializer[Erasure]):
    """When the erasure is due, and when it was done (null: it waits, and the membership is closed)."""

    due_at = InstantField()
    done_at = InstantField(allow_null=True)


_PROOF: Final = [
    OpenApiParameter(
        "X-Proof-Id",
        OpenApiTypes.UUID,
        OpenApiParameter.HEADER,
        required=True,
        description="The code's `id`.",
    ),
    OpenApiParameter(
        "X-Proof-Code", str, OpenApiParameter.HEADER, required=True, description="The code that was sent."
    ),
]


class Me(members.Me):
    """Who I am, until I want to be forgotten."""

    @extend_schema(operation_id="erase_me", tags=["privacy"], parameters=_PROOF, responses=ErasureShape)
    def delete(self, request: Request) -> Response:
        """Erase me: nobody can find or read me any more, and my points lapse. It cannot be undone.

        Ask for a code at `me/erasure-codes` first. Refusals: `proof_missing`; `code_wrong` with `tries_left`;
        `code_ended`; `erasure_waits_for_hold`.
        """
        code = request.headers.get("X-Proof-Code", "")
        try:
            proof_id = UUID(request.headers.get("X-Proof-Id", ""))
        except ValueError as malformed:
            raise ProofMissing from malformed
        if not (len(code) == DIGITS and code.isascii() and code.isdigit()):
            raise ProofMissing
        erasure = ask_erasure(
            member_id=self.member.pk,
            caller=self.signed_in,
            proof_id=proof_id,
            code=code,
            by=self.actor,
            at=clock.now(),
        )
        return Response(ErasureShape(erasure).data)
