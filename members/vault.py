"""The vault: personal fields are encrypted with a key ring and found by a keyed blind index.

AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D). The stored bytes are `version | key id | nonce |
box`, so a new key may be put first in FIELD_KEYS while the old ones still open what they closed.
The blind index is HMAC-SHA256 over kind and normalised value: equal values meet, nobody without the key can
guess. Why so: docs/adr/0005-personal-fields.md.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12


class UnknownFieldKey(Exception):
    """A field was closed with a key that is no longer on the ring."""


def seal(plain: str) -> bytes:
    """Close `plain` with the newest key of the ring."""
    return seal_many([plain])[0]


def seal_many(plains: Sequence[str]) -> list[bytes]:
    """Close each of `plains`, in order. One call of the random source for all: the cipher is cheaper."""
    key_id, key = next(iter(_ring().items()))
    head = _VERSION + key_id
    noise = os.urandom(_NONCE_BYTES * len(plains))
    nonces = [noise[start : start + _NONCE_BYTES] for start in range(0, len(noise), _NONCE_BYTES)]
    return [
        head + nonce + key.encrypt(nonce, plain.encode(), head)
        for nonce, plain in zip(nonces, plains, strict=True)
    ]


def unseal(box: bytes) -> str:
    """Open what `seal` closed.

    :raises UnknownFieldKey: its key is not on the ring
    :raises cryptography.exceptions.InvalidTag: the bytes were changed
    """
    head = 1 + _KEY_ID_BYTES
    key = _ring().get(box[1:head])
    if key is None:
        raise UnknownFieldKey(box[1:head].hex())
    nonce = box[head : head + _NONCE_BYTES]
    return key.decrypt(nonce, box[head + _NONCE_BYTES :], box[:head]).decode()


def blind_index(kind: str, value: str) -> bytes:
    """The 32-byte look-up key of a normalised `value` (`+8613812345678`) of `kind` (`phone`)."""
    return hmac.new(settings.BLIND_INDEX_KEY.encode(), f"{kind}\0{value}".encode(), hashlib.sha256).digest()


def _ring() -> dict[bytes, AESGCM]:
    return _ring_of(tuple(settings.FIELD_KEYS))


@lru_cache(maxsize=4)
def _ring_of(encoded: tuple[str, ...]) -> dict[bytes, AESGCM]:
    keys = [base64.b64decode(key) for key in encoded]
    return {hashlib.sha256(key).digest()[:_KEY_ID_BYTES]: AESGCM(key) for key in keys}
