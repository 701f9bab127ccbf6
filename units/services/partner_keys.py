"""Partner keys: issue one, prove one, take one back."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import InvalidRequest
from units.models import BusinessUnit, PartnerKey

# What a partner system may be allowed to do. A route asks for one of these.
SCOPES: Final = {
    "members:resolve": _("find a member by card, phone, plate or number"),
    "members:enrol": _("enrol members at the counter"),
    "residencies:report": _("say who lives, works or stays at a venue"),
    "activities:report": _("report purchases, stays, fees and rents"),
    "parking:gate": _("tell and ask at the gates of a car park"),
    "points:quote": _("ask what a price would take"),
    "points:redeem": _("spend points at a till"),
    "entitlements:use": _("verify and use entitlements, with the code that a member shows"),
    "entitlements:trusted": _("use entitlements without a member's code (gates, hotel systems)"),
    "vouchers:use": _("verify, lock, use and give back vouchers"),
    "vouchers:offline": _("take a list of vouchers along, and tell later what was used"),
    "rewards:fulfil": _("hand over ordered rewards"),
}
_TOKEN = re.compile(r"lp_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
# Compared with when no key has the prefix, so that an unknown prefix costs what a wrong secret costs.
_NOBODY = hashlib.sha256(secrets.token_bytes(32)).digest()


class UnknownScope(InvalidRequest):
    """A key may only be allowed what some route asks for."""

    code = "unknown_scope"
    title = _("There is no such scope.")


class KeyWithoutUnit(InvalidRequest):
    """A key acts for at least one business unit."""

    code = "key_without_unit"
    title = _("A partner key needs at least one business unit.")


def issue_partner_key(
    *, name: str, units: Sequence[BusinessUnit], scopes: Collection[str], by: str, at: datetime
) -> tuple[PartnerKey, str]:
    """Make a key for the partner system `name`. Returns it and its token, which can never be read again.

    The token is `lp_<prefix>_<secret>` with 256 random bits; only the SHA-256 of the secret is stored. A slow
    hash would add nothing: nobody can guess 256 bits, and a till asks many times a second.

    :raises UnknownScope: a scope that no route asks for, or none at all
    :raises KeyWithoutUnit: no unit to act for
    """
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown or not scopes:
        raise UnknownScope(field="scopes", unknown=unknown, known=sorted(SCOPES))
    if not units:
        raise KeyWithoutUnit(field="units")
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        key = PartnerKey.objects.create(
            name=name,
            prefix=secrets.token_hex(6),
            secret_sha256=_digest(secret),
            scopes=sorted(set(scopes)),
            issued_by=by,
            created_at=at,
        )
        key.units.set(units)
    return key, f"lp_{key.prefix}_{secret}"


def revoke_partner_key(*, key: PartnerKey, by: str, at: datetime) -> PartnerKey:
    """Take `key` back: the next request that shows it is refused. A second time changes nothing."""
    PartnerKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=at, revoked_by=by)
    key.refresh_from_db()
    return key


def proven_partner_key(token: str) -> PartnerKey | None:
    """The live key that `token` proves, with its units at hand; None where it proves nothing."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    prefix, secret = match.groups()
    key = PartnerKey.objects.filter(prefix=prefix).prefetch_related("units").first()
    known = _NOBODY if key is None else bytes(key.secret_sha256)
    proven = hmac.compare_digest(_digest(secret), known)
    if key is None or not proven or key.revoked_at is not None:
        return None
    return key


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
