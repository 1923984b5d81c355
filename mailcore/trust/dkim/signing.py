"""Making a DKIM-Signature. RFC 6376 §5, RFC 8301 (SHA-256), RFC 8463 (Ed25519). Pure.

Relaxed for header and body, since hosts on the way refold lines. Fields that must not be added
later are oversigned: named once more than they occur (§8.15).
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from ..fields import Field
from .canonical import gather
from .verification import Bodies

OVERSIGNED = (
    b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"content-transfer-encoding",
)  # fmt: skip
SIGNED = (b"list-id", b"list-unsubscribe", b"list-unsubscribe-post", b"list-post", b"auto-submitted", b"content-disposition", b"content-id")
_WIDTH = 72


@dataclass(frozen=True, slots=True)
class SigningKey:
    domain: str
    selector: str
    key: RSAPrivateKey | Ed25519PrivateKey

    @property
    def algorithm(self) -> str:
        return "rsa-sha256" if isinstance(self.key, RSAPrivateKey) else "ed25519-sha256"

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(data, PKCS1v15(), hashes.SHA256())
        return self.key.sign(hashlib.sha256(data).digest())


def sign(fields: Sequence[Field], bodies: Bodies, key: SigningKey, *, now: int) -> bytes:
    """The whole field with its line end, to be put before the message."""
    names = choose_names(fields)
    start = f"v=1; a={key.algorithm}; c=relaxed/relaxed; d={key.domain};\r\n\ts={key.selector}; t={now};"
    return make_field("DKIM-Signature", start, fields, names, bodies, key)


def make_field(title: str, start: str, fields: Sequence[Field], names: Sequence[bytes], bodies: Bodies, key: SigningKey) -> bytes:
    """A signature field whose first tags are `start`; also serves ARC-Message-Signature."""
    body_hash = base64.b64encode(bodies.hash(relaxed=True, length=None)).decode("ascii")
    listed = fold_list([name.decode("ascii") for name in names])
    text = f"{title}: {start}\r\n\th={listed};\r\n\tbh={body_hash};\r\n\tb="
    return close(text, gather(fields, names, text.encode("ascii") + b"\r\n", relaxed=True), key)


def close(text: str, signed: bytes, key: SigningKey) -> bytes:
    value = base64.b64encode(key.sign(signed)).decode("ascii")
    lines = [value[start : start + _WIDTH] for start in range(0, len(value), _WIDTH)]
    return (text + "\r\n\t ".join(lines) + "\r\n").encode("ascii")


def choose_names(fields: Sequence[Field]) -> list[bytes]:
    present = [field.name for field in fields]
    chosen: list[bytes] = []
    for name in OVERSIGNED:
        chosen += [name] * (present.count(name) + 1)
    for name in SIGNED:
        chosen += [name] * present.count(name)
    return chosen


def fold_list(words: Sequence[str]) -> str:
    """Words with colons between them, on lines of bearable width."""
    lines, line = [], ""
    for word in words:
        if line and len(line) + len(word) > _WIDTH:
            lines.append(line)
            line = ""
        line += f"{word}:"
    return "\r\n\t ".join([*lines, line]).rstrip(":")
