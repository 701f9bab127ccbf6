"""The keys that sign seals: Ed25519 (RFC 8032), the private one in the environment, never in the database."""

import base64
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

_KEY_ID_HEX = 16


def sign(digest: bytes) -> bytes:
    """The signature of the present key over a seal's digest."""
    return _private().sign(digest)


def present_key() -> str:
    """The id of the key that signs now: the first 16 hex digits of SHA-256 of its public half."""
    return _id_of(_private().public_key().public_bytes_raw())


def public_key() -> str:
    """The public half of the present key, as LEDGER_SEAL_PUBLIC_KEYS takes it."""
    return base64.b64encode(_private().public_key().public_bytes_raw()).decode()


def may_sign() -> bool:
    """Whether this process was given a key to sign with."""
    return bool(settings.LEDGER_SEAL_KEY)


def signature_fault(*, key: str, digest: bytes, signature: bytes) -> str | None:
    """Why `signature` is not that of `key` over `digest`; None: it is."""
    public = _known().get(key)
    if public is None:
        return f"signed with key {key}, which this process does not know"
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, digest)
    except InvalidSignature:
        return f"the signature is not that of key {key}"
    return None


def _known() -> dict[str, bytes]:
    known = [base64.b64decode(text) for text in settings.LEDGER_SEAL_PUBLIC_KEYS]
    if may_sign():
        known.append(_private().public_key().public_bytes_raw())
    return {_id_of(public): public for public in known}


def _private() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(settings.LEDGER_SEAL_KEY))


def _id_of(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:_KEY_ID_HEX]
