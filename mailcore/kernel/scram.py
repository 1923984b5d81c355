"""SCRAM-SHA-256 as a server answers it: messages in, messages out, no password in sight.

RFC 5802; RFC 7677. Used by whoever speaks SASL. Who somebody is, and the keys kept of a secret,
come from the directory.
"""

import hashlib
import hmac
import stringprep
import unicodedata
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, field

ITERATIONS = 16_384
MAX_MESSAGE = 4_000


class BadMessage(Exception):
    """What came is not what the mechanism asks for; the text may be shown."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What is kept of a secret (RFC 5802 §3): enough to check a proof, not to make one."""

    stored: bytes
    server: bytes


def derive(secret: str, salt: bytes, iterations: int = ITERATIONS) -> Keys | None:
    """None where the secret cannot be a SCRAM password (RFC 5802 §5.1)."""
    prepared = prepare(secret)
    if prepared is None:
        return None
    salted = hashlib.pbkdf2_hmac("sha256", prepared.encode("utf-8"), salt, iterations)
    client = hmac.digest(salted, b"Client Key", "sha256")
    return Keys(hashlib.sha256(client).digest(), hmac.digest(salted, b"Server Key", "sha256"))


def prepare(text: str) -> str | None:
    """SASLprep (RFC 4013) of a stored string; None for what it forbids."""
    if text.isascii():
        return text if text.isprintable() and text else None
    mapped = "".join(" " if stringprep.in_table_c12(char) else char for char in text if not stringprep.in_table_b1(char))
    normal = unicodedata.normalize("NFKC", mapped)
    return normal if normal and not any(map(_is_forbidden, normal)) else None


def _is_forbidden(char: str) -> bool:
    return (
        stringprep.in_table_a1(char) or stringprep.in_table_c21_c22(char) or stringprep.in_table_c3(char) or stringprep.in_table_c4(char)
        or stringprep.in_table_c5(char) or stringprep.in_table_c6(char) or stringprep.in_table_c7(char) or stringprep.in_table_c8(char)
        or stringprep.in_table_c9(char)
    )  # fmt: skip


@dataclass(slots=True)
class Exchange:
    """One login. `first`, then `challenge`, then `final`, then `check` with the keys there are."""

    nonce: str
    """The server's part: fresh, printable, without a comma."""
    bindings: Mapping[str, bytes] = field(default_factory=dict)
    """What the channel can be bound to, by name (RFC 5929)."""
    is_plus: bool = False
    login: str = ""
    _header: str = ""
    _bare: str = ""
    _nonce: str = ""
    _challenge: str = ""
    _without_proof: str = ""
    _proof: bytes = b""

    def first(self, message: bytes) -> str:
        """The name somebody wants to log in by."""
        text = _decode(message)
        flag, comma, rest = text.partition(",")
        authzid, second, self._bare = rest.partition(",")
        if not comma or not second:
            raise BadMessage("That is not a SCRAM message")
        self._check_flag(flag)
        self._header = f"{flag},{authzid},"
        fields = self._bare.split(",")
        if len(fields) < 2 or not fields[0].startswith("n=") or not fields[1].startswith("r=") or len(fields[1]) < 10:
            raise BadMessage("That is not a SCRAM message")
        self.login = _unescape(fields[0][2:])
        if authzid and _unescape(authzid.removeprefix("a=")) != self.login:
            raise BadMessage("Acting for another user is not offered")
        self._nonce = fields[1][2:] + self.nonce
        return self.login

    def _check_flag(self, flag: str) -> None:
        if self.is_plus != flag.startswith("p="):
            raise BadMessage("The channel is to be bound with a -PLUS mechanism, and only there")
        if self.is_plus and flag[2:] not in self.bindings:
            raise BadMessage("The channel cannot be bound so")
        if flag == "y" and self.bindings:
            # The client believes we have no -PLUS: somebody has taken it out of what we said (RFC 5802 §6).
            raise BadMessage("The channel can be bound here")
        if not self.is_plus and flag not in ("n", "y"):
            raise BadMessage("That is not a SCRAM message")

    def challenge(self, *, salt: bytes, iterations: int = ITERATIONS) -> bytes:
        self._challenge = f"r={self._nonce},s={b64encode(salt).decode()},i={iterations}"
        return self._challenge.encode("ascii")

    def final(self, message: bytes) -> None:
        text = _decode(message)
        self._without_proof, comma, proof = text.rpartition(",p=")
        fields = self._without_proof.split(",")
        if not comma or len(fields) < 2 or fields[1] != f"r={self._nonce}" or not fields[0].startswith("c="):
            raise BadMessage("That is not an answer to what was asked")
        name = self._header.partition(",")[0]
        expected = self._header.encode("utf-8") + (self.bindings[name[2:]] if self.is_plus else b"")
        if not hmac.compare_digest(_decode64(fields[0][2:]), expected):
            raise BadMessage("The channel is not the one that was meant")
        self._proof = _decode64(proof)

    def check(self, keys: Keys) -> bytes | None:
        """The last message to the client where its proof fits these keys."""
        said = f"{self._bare},{self._challenge},{self._without_proof}".encode()
        signature = hmac.digest(keys.stored, said, "sha256")
        if len(self._proof) != len(signature):
            return None
        client = bytes(left ^ right for left, right in zip(self._proof, signature, strict=True))
        if not hmac.compare_digest(hashlib.sha256(client).digest(), keys.stored):
            return None
        return b"v=" + b64encode(hmac.digest(keys.server, said, "sha256"))


def _decode(message: bytes) -> str:
    try:
        text = message.decode("utf-8") if len(message) <= MAX_MESSAGE else "\0"
    except UnicodeDecodeError as error:
        raise BadMessage("That is not UTF-8") from error
    if "\0" in text:
        raise BadMessage("That is not a SCRAM message")
    return text


def _decode64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise BadMessage("That is not base64") from error


def _unescape(text: str) -> str:
    """RFC 5802 §5.1: =2C and =3D stand for comma and equals, and nothing else begins with an equals sign."""
    if "=" in text.replace("=2C", "").replace("=3D", "") or not text:
        raise BadMessage("That is not a name")
    return text.replace("=2C", ",").replace("=3D", "=")
