"""The vault: personal fields are closed with the member's own data key and found by a keyed blind index.

AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D). Stored bytes are of three kinds, told by the first:

- `0x02 | owner | nonce | box`: a field, closed with the data key of the member `owner`;
- `0x11 | key id | nonce | box`: such a data key, wrapped by a key of the ring in FIELD_KEYS;
- `0x01 | key id | nonce | box`: a field of nobody's, closed with a key of the ring itself.

Destroying a member's data key makes whatever it closed unreadable, wherever it was copied. The blind index is
HMAC-SHA256 over kind and normalised value: equal values meet, nobody without the key can guess. Why so:
docs/adr/0005-personal-fields.md and 0013-a-key-per-member.md.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_OF_RING: Final = b"\x01"
_OF_MEMBER: Final = b"\x02"
_WRAPPED: Final = b"\x11"
# What stands in the place of a data key that was destroyed.
DESTROYED: Final = b"\x10"
_KEY_ID_BYTES: Final = 4
_OWNER_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
WRAPPED_BYTES: Final = 1 + _KEY_ID_BYTES + _NONCE_BYTES + _KEY_BYTES + 16


class UnknownFieldKey(Exception):
    """A field was closed with a key that is no longer on the ring, or whose wrapped form is lost."""


class DataKey(NamedTuple):
    """The key of one member: as it is stored, and as it closes and opens."""

    owner: UUID
    wrapped: bytes
    cipher: AESGCM

    def seal(self, plain: str) -> bytes:
        """Close `plain`."""
        return self.seal_many([plain])[0]

    def seal_many(self, plains: Sequence[str]) -> list[bytes]:
        """Close each of `plains`, in order. One call of the random source for all: the cipher is cheaper."""
        head = _OF_MEMBER + self.owner.bytes
        return [
            head + nonce + self.cipher.encrypt(nonce, plain.encode(), head)
            for nonce, plain in zip(_nonces(len(plains)), plains, strict=True)
        ]


def new_data_keys(owners: Sequence[UUID]) -> list[DataKey]:
    """A fresh data key for each of `owners`, wrapped by the newest key of the ring."""
    key_id, ring_key = next(iter(_ring().items()))
    noise = os.urandom(_KEY_BYTES * len(owners))
    keys = [noise[start : start + _KEY_BYTES] for start in range(0, len(noise), _KEY_BYTES)]
    head = _WRAPPED + key_id
    return [
        DataKey(
            owner,
            head + nonce + ring_key.encrypt(nonce, key, head + owner.bytes),
            AESGCM(key),
        )
        for owner, key, nonce in zip(owners, keys, _nonces(len(owners)), strict=True)
    ]


def data_key(owner: UUID, wrapped: bytes) -> DataKey:
    """The data key of `owner` out of its stored form.

    :raises UnknownFieldKey: it was wrapped by a key that is not on the ring
    :raises cryptography.exceptions.InvalidTag: the bytes were changed, or are another member's
    """
    return DataKey(owner, wrapped, AESGCM(_unwrapped(owner, wrapped)))


def rewrapped(owner: UUID, wrapped: bytes) -> bytes:
    """The same data key, wrapped by the newest key of the ring.

    :raises UnknownFieldKey, cryptography.exceptions.InvalidTag: see data_key
    """
    key = _unwrapped(owner, wrapped)
    key_id, ring_key = next(iter(_ring().items()))
    head, (nonce,) = _WRAPPED + key_id, _nonces(1)
    return head + nonce + ring_key.encrypt(nonce, key, head + owner.bytes)


def newest_key_id() -> bytes:
    """The four bytes that name the newest key of the ring."""
    return next(iter(_ring()))


def seal(plain: str) -> bytes:
    """Close what belongs to no member, with the newest key of the ring."""
    return seal_many([plain])[0]


def seal_many(plains: Sequence[str]) -> list[bytes]:
    """Close each of `plains`, in order, as `seal` does."""
    key_id, key = next(iter(_ring().items()))
    head = _OF_RING + key_id
    return [
        head + nonce + key.encrypt(nonce, plain.encode(), head)
        for nonce, plain in zip(_nonces(len(plains)), plains, strict=True)
    ]


def unseal(stored: bytes) -> str:
    """Open what was closed. A member's field comes with its wrapped key, or DESTROYED, in front.

    What a destroyed key closed is gone: it opens to an empty text.

    :raises UnknownFieldKey: its key is not on the ring, or did not come with it
    :raises cryptography.exceptions.InvalidTag: the bytes were changed
    """
    if stored[:1] == DESTROYED:
        return ""
    if stored[:1] == _WRAPPED:
        wrapped, box = stored[:WRAPPED_BYTES], stored[WRAPPED_BYTES:]
        head = 1 + _OWNER_BYTES
        return _opened(data_key(UUID(bytes=box[1:head]), wrapped).cipher, box, head)
    if stored[:1] == _OF_MEMBER:
        raise UnknownFieldKey(f"no key of {UUID(bytes=stored[1 : 1 + _OWNER_BYTES])}")
    head = 1 + _KEY_ID_BYTES
    return _opened(_ring_key(stored[1:head]), stored, head)


def blind_index(kind: str, value: str) -> bytes:
    """The 32-byte look-up key of a normalised `value` (`+8613812345678`) of `kind` (`phone`)."""
    return hmac.new(settings.BLIND_INDEX_KEY.encode(), f"{kind}\0{value}".encode(), hashlib.sha256).digest()


def _opened(key: AESGCM, box: bytes, head: int) -> str:
    nonce = box[head : head + _NONCE_BYTES]
    return key.decrypt(nonce, box[head + _NONCE_BYTES :], box[:head]).decode()


def _unwrapped(owner: UUID, wrapped: bytes) -> bytes:
    head = 1 + _KEY_ID_BYTES
    nonce = wrapped[head : head + _NONCE_BYTES]
    ring_key = _ring_key(wrapped[1:head])
    return ring_key.decrypt(nonce, wrapped[head + _NONCE_BYTES :], wrapped[:head] + owner.bytes)


def _ring_key(key_id: bytes) -> AESGCM:
    key = _ring().get(key_id)
    if key is None:
        raise UnknownFieldKey(key_id.hex())
    return key


def _nonces(count: int) -> list[bytes]:
    noise = os.urandom(_NONCE_BYTES * count)
    return [noise[start : start + _NONCE_BYTES] for start in range(0, len(noise), _NONCE_BYTES)]


def _ring() -> dict[bytes, AESGCM]:
    return _ring_of(tuple(settings.FIELD_KEYS))


@lru_cache(maxsize=4)
def _ring_of(encoded: tuple[str, ...]) -> dict[bytes, AESGCM]:
    keys = [base64.b64decode(key) for key in encoded]
    return {hashlib.sha256(key).digest()[:_KEY_ID_BYTES]: AESGCM(key) for key in keys}
