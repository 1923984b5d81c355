"""What the rooms ask of each other without knowing each other."""

from typing import Protocol

from .envelope import Envelope, Origin
from .events import Event
from .ids import TraceId
from .principal import Principal, Service


class Authenticator(Protocol):
    def __call__(self, *, login: str, secret: str, service: Service, peer: str) -> Principal:
        """Check a password or app password. Denied where it is wrong, Throttled after too many guesses."""
        ...


class RecipientCheck(Protocol):
    def __call__(self, *, address: str, principal: Principal | None, size: int) -> None:
        """Say at RCPT whether a message may be taken for this address.

        Refused: unknown here, or relaying is not allowed. OverQuota: no room. Deferred: ask later.
        """
        ...


class SenderCheck(Protocol):
    def __call__(self, *, address: str, principal: Principal) -> None:
        """Denied where the login may not send as this address."""
        ...


class Intake(Protocol):
    def __call__(self, *, envelope: Envelope, raw: bytes, origin: Origin) -> TraceId:
        """Keep a message durably and queue it. Returns only when a crash can no longer lose it."""
        ...


class Bus(Protocol):
    def publish(self, event: Event) -> None:
        """Tell whoever listens. Never raises: a lost event costs time, not mail."""
        ...


class Bell(Protocol):
    def ring(self) -> None:
        """Say that the queue may have work. Without meaning, may be lost or doubled."""
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
