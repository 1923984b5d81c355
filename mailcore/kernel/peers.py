"""The other end of a session, and how often it guessed."""

from dataclasses import dataclass

MAX_LOGINS = 5
MAX_PAUSE = 8.0


@dataclass(frozen=True, slots=True)
class Peer:
    address: str
    hostname: str
    """Our own name, for the greeting."""
    has_tls: bool = False
    can_start_tls: bool = True
    may_log_in_clear: bool = False
    """True on loopback: passwords do not travel."""


@dataclass(slots=True)
class FailedLogins:
    count: int = 0

    def add(self) -> float:
        """Count one; the seconds its answer is held back. Each doubles it, so guessing is slow."""
        self.count += 1
        return float(min(MAX_PAUSE, 0.5 * 2**self.count))

    @property
    def are_too_many(self) -> bool:
        """The session ends."""
        return self.count >= MAX_LOGINS
