"""What the rooms ask of each other without knowing each other."""

from collections.abc import Callable
from typing import Protocol

from .principal import Principal, Service
from .scram import Keys


class Authenticator(Protocol):
    def __call__(self, *, login: str, secret: str, service: Service, peer: str) -> Principal:
        """Check a password or app password. Denied where it is wrong, Throttled after too many guesses."""
        ...


class ScramPort(Protocol):
    """Logins by SCRAM-SHA-256 (RFC 5802)."""

    def find_salt(self, *, login: str, peer: str) -> bytes:
        """The same for the same name, whether or not anybody has it. Throttled after too many guesses."""
        ...

    def log_in(self, *, login: str, service: Service, peer: str, check: Callable[[Keys], bytes | None]) -> tuple[Principal, bytes]:
        """Try the keys of a login on `check`; what it gave for the right one. Denied where none is."""
        ...


class BlobStore(Protocol):
    """Message bytes by locator. Written once, never changed."""

    def append(self, data: bytes) -> "tuple[str, int]":
        """Add bytes to this process's pack: (pack name, offset of the bytes). Not durable before `sync`."""
        ...

    def sync(self) -> None:
        """Everything appended by this process so far is on disk when this returns."""
        ...

    def read(self, pack: str, offset: int, length: int) -> bytes: ...
