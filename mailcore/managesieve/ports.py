"""What a ManageSieve session asks of the world."""

from collections.abc import Callable, Sequence
from typing import Protocol

from mailcore.kernel.errors import LimitReached
from mailcore.kernel.ports import Authenticator
from mailcore.kernel.principal import Principal


class TooMany(LimitReached):
    """The mailbox has as many scripts as it may have."""


class TooLarge(LimitReached):
    """The script, or all of the mailbox together, would take more room than it may."""


class ScriptStore(Protocol):
    """The scripts of one mailbox. Names are checked by it; what cannot be used raises BadSyntax with line and column."""

    def list(self) -> Sequence[tuple[str, bool]]:
        """(name, is active)"""
        ...

    def get(self, name: str) -> bytes: ...

    def put(self, name: str, text: bytes) -> None: ...

    def check(self, text: bytes) -> None: ...

    def check_space(self, name: str, size: int) -> None: ...

    def activate(self, name: str) -> None:
        """ "" activates none."""
        ...

    def remove(self, name: str) -> None:
        """Conflict where it is active."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Conflict where the new name is taken."""
        ...


OpenScripts = Callable[[Principal], ScriptStore]
"""For a login that has a mailbox."""

__all__ = ["Authenticator", "OpenScripts", "ScriptStore", "TooLarge", "TooMany"]
