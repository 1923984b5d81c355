"""The client's side of SCRAM-SHA-256, for tests (RFC 5802 §3)."""

import hashlib
import hmac
from base64 import b64decode, b64encode


class ScramClient:
    def __init__(self, login: str, secret: str, *, nonce: str = "rOprNGfwEbeRWgbNEkqO", header: str = "n,,", binding: bytes = b"") -> None:
        self.bare = f"n={login.replace('=', '=3D').replace(',', '=2C')},r={nonce}"
        self.secret, self.header, self.binding = secret, header, binding
        self.signature = b""

    def first(self) -> bytes:
        return (self.header + self.bare).encode()

    def final(self, challenge: bytes) -> bytes:
        fields = dict(part.split("=", 1) for part in challenge.decode().split(","))
        salted = hashlib.pbkdf2_hmac("sha256", self.secret.encode(), b64decode(fields["s"]), int(fields["i"]))
        client = hmac.digest(salted, b"Client Key", "sha256")
        last = f"c={b64encode(self.header.encode() + self.binding).decode()},r={fields['r']}"
        said = f"{self.bare},{challenge.decode()},{last}".encode()
        self.signature = b"v=" + b64encode(hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), said, "sha256"))
        proof = bytes(a ^ b for a, b in zip(client, hmac.digest(hashlib.sha256(client).digest(), said, "sha256"), strict=True))
        return f"{last},p={b64encode(proof).decode()}".encode()
