"""What the rooms ask of each other without knowing each other."""

from typing import Protocol

from .principal import Principal, Service


class Authenticator(Protocol):
    def __call__(self, *, login: str, secret: str, service: Service, peer: str) -> Principal:
        """Check a password or app password. Denied where it is wrong, Throttled after too many guesses."""
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
