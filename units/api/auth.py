"""Who calls on the partner surface: the key, the unit it acts for, and what it may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from common.api import ApiView
from common.errors import DomainError, InvalidRequest
from common.input import RefField, StrictSerializer
from units.models import BusinessUnit, Outlet, PartnerKey
from units.selectors.units import outlet_by_code, unit_by_code
from units.services.partner_keys import proven_partner_key

_PLACE: Final = ("unit", "outlet")


class ScopeMissing(DomainError):
    """The key is live, but was not issued for this action. Facts: `scope`."""

    code = "scope_missing"
    status = 403
    title = _("This key was not issued for this action.")


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner system that has proven its key."""

    key: PartnerKey
    units: tuple[BusinessUnit, ...]

    is_authenticated = True

    @property
    def pk(self) -> int:
        """The key's row."""
        return self.key.pk

    @property
    def actor(self) -> str:
        """How postings and stored answers name it; the prefix is no secret."""
        return f"partner:{self.key.prefix}"


class PartnerKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer lp_<prefix>_<secret>`. Another proof of a key replaces this class alone."""

    def authenticate(self, request: Request) -> tuple[Partner, PartnerKey] | None:
        """The caller; None where no such header is there.

        :raises AuthenticationFailed: the token is malformed, unknown, wrong or revoked: all alike
        """
        scheme, _space, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        key = proven_partner_key(token.strip().decode("latin-1"))
        if key is None:
            raise AuthenticationFailed(_("This key is not valid."))
        return Partner(key, tuple(key.units.all())), key

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 -- DRF's signature
        """What a 401 asks for."""
        return 'Bearer realm="partner"'


class _HasScope(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        assert isinstance(view, PartnerView), "scopes are for the partner surface"
        partner: object = request.user
        if not isinstance(partner, Partner):
            return False
        if view.required_scope not in partner.key.scopes:
            raise ScopeMissing(scope=view.required_scope)
        return True


class PartnerRequest(StrictSerializer):
    """The base of a partner's messages: where it acts. A key of one unit may leave `unit` out."""

    unit = RefField(max_length=24, required=False)
    outlet = RefField(max_length=40, required=False)


class PartnerView(ApiView):
    """A door of the partner surface. Subclasses name the `required_scope`."""

    required_scope: str
    authentication_classes: Sequence[type[BaseAuthentication]] = (PartnerKeyAuthentication,)
    permission_classes = (_HasScope,)
    calls_per_minute = 6_000
    limit_name = "partner"

    @property
    def partner(self) -> Partner:
        """The caller; permissions have let nobody else by."""
        partner: object = self.request.user
        assert isinstance(partner, Partner), "only partners pass the permissions"
        return partner

    @property
    def actor(self) -> str:
        """Who causes what this request does: `partner:<prefix>`."""
        return self.partner.actor

    def caller(self) -> str:
        """Retry keys and limits belong to one partner key."""
        return self.actor

    @cached_property
    def unit(self) -> BusinessUnit:
        """The unit this request acts for: the one that `unit` names, or the key's only one.

        :raises InvalidRequest: the key has several units and the request names none
        :raises NotFound: no unit of this key has that code, whether or not there is one elsewhere
        """
        code = self._told("unit")
        if code is not None:
            return unit_by_code(code, among=self.partner.units)
        if len(self.partner.units) == 1:
            return self.partner.units[0]
        raise InvalidRequest(str(_("This key acts for several units: name one.")), field="unit")

    @cached_property
    def outlet(self) -> Outlet | None:
        """The outlet of the unit that the request names; None where it names none.

        :raises NotFound: the unit has no such outlet
        """
        code = self._told("outlet")
        return None if code is None else outlet_by_code(code, unit=self.unit)

    def read(self, serializer_class: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """The body without `unit` and `outlet`: those are `self.unit` and `self.outlet`."""
        told = super().read(serializer_class)
        return {name: value for name, value in told.items() if name not in _PLACE}

    def _told(self, name: str) -> str | None:
        """A code from the body, or from the query of a request without one."""
        source = self.request.query_params if self.request.method in ("GET", "HEAD") else self.request.data
        code = source.get(name)
        if code is not None and not isinstance(code, str):
            raise InvalidRequest(str(_("A code is a string.")), field=name)
        return code


class _PartnerKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # untyped base
    target_class = "units.api.auth.PartnerKeyAuthentication"
    name = "partnerKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:  # noqa: ARG002 -- its signature
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "lp_<prefix>_<secret>",
            "description": "A key bound to business units and to scopes. Issued by head office, shown once.",
        }
