"""What a script may ask beyond the message. Defaults answer for a house where nothing is known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .script import Script

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _no(*_: object) -> bool:
    return False


def _no_annotation(folder: str | None, entry: str) -> str | None:
    return None


def _no_script(location: str, name: str) -> "Script | None":
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Envelope, clock and surroundings of one run."""

    sender: str = ""
    """"" is the null sender."""
    recipient: str = ""
    authenticated: str = ""
    """The login a message was submitted with: `envelope "auth"`."""
    now: datetime = EPOCH
    """Aware; its zone is the one dates are shown in."""
    separators: str = "+"
    environment: Mapping[str, str] = field(default_factory=dict)
    """RFC 5183 items by lower-case name."""
    spam_percent: float | None = None
    """0 to 100; None where nobody looked."""
    virus_level: int = 0
    """RFC 5235 §3.3: 0 not tested, 1 clean, 5 surely a virus."""
    mailbox_exists: Callable[[str], bool] = _no
    special_use_exists: Callable[[str | None, str], bool] = _no
    """(folder or None for any, flag such as `\\Archive`)"""
    annotation: Callable[[str | None, str], str | None] = _no_annotation
    """(folder, or None for the server; entry such as `/private/comment`): RFC 5490 §3.3, §4."""
    was_seen: Callable[[str, str], bool] = _no
    """(handle, unique id): RFC 7352."""
    find_script: Callable[[str, str], "Script | None"] = _no_script
    """("personal" or "global", name); may raise ScriptFault."""
