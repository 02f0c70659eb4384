"""Personal fields in the trail: readable while a person's key exists, proven for ever.

An entry keeps a box (AES-256-GCM under the person's own key) and a commitment, the digest of a salt
and the text. Destroying the key makes the box unreadable wherever the entry went; the entry, its
hash and the commitment stay as they are.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.canonical import Json, Secret, digest

KEY_BYTES, NONCE_BYTES, SALT_BYTES = 32, 12, 16


class Unreadable(ValueError):
    """The field cannot be read: its key was destroyed, or the box is not what was sealed."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A personal field as entries keep it."""

    person: str
    commitment: str
    box: str

    def json(self) -> Json:
        """Return what stands in the entry in the field's place."""
        told = {"person": self.person, "commitment": self.commitment, "box": self.box}
        return {"sealed": told}

    @classmethod
    def read(cls, value: object) -> "Sealed | None":
        """Return the sealed field that a JSON value is; None when it is something else."""
        told = value.get("sealed") if isinstance(value, Mapping) and len(value) == 1 else None
        names = {"person", "commitment", "box"}
        if not isinstance(told, Mapping) or set(told) != names:
            return None
        if not all(isinstance(text, str) for text in told.values()):
            return None
        return cls(**told)


def sealed(person: str, text: str, key: Secret[bytes], nonce: bytes, salt: bytes) -> Sealed:
    """Seal a text for a person. ``nonce`` (12 bytes) and ``salt`` (16) must be new and random."""
    if (len(key.reveal()), len(nonce), len(salt)) != (KEY_BYTES, NONCE_BYTES, SALT_BYTES):
        raise ValueError("a key has 32 bytes, a nonce 12, a salt 16")
    plain = salt + text.encode()
    box = nonce + AESGCM(key.reveal()).encrypt(nonce, plain, person.encode())
    return Sealed(person, digest(plain), base64.b64encode(box).decode())


def revealed(field: Sealed, key: Secret[bytes]) -> str:
    """Return the text; raises Unreadable for another key, a changed box or commitment."""
    try:
        box = base64.b64decode(field.box, validate=True)
        nonce, closed = box[:NONCE_BYTES], box[NONCE_BYTES:]
        plain = AESGCM(key.reveal()).decrypt(nonce, closed, field.person.encode())
    except (InvalidTag, ValueError, binascii.Error):
        raise Unreadable("this field was not sealed with this person's key") from None
    if not hmac.compare_digest(digest(plain), field.commitment):
        raise Unreadable("this field is not what its commitment says")
    return plain[SALT_BYTES:].decode()
