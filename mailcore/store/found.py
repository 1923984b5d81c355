"""What an import finds on disk: a message with its place and state, or a reason why not."""

import re
from dataclasses import dataclass

from mailcore.mime.headers import Headers

_BARE_LF = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMessage:
    source: str
    """Where it was read, for the report."""
    folder: str
    raw: bytes
    flags: int = 0
    keywords: frozenset[str] = frozenset()
    internaldate: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    source: str
    reason: str


Found = FoundMessage | Failure


def to_wire(data: bytes) -> bytes:
    """With CRLF line ends, as mail is served; bytes that have them already stay as they are."""
    return _BARE_LF.sub(b"\r\n", data) if b"\n" in data.replace(b"\r\n", b"") else data


def find_fault(raw: bytes) -> str:
    """Why bytes are no message, or ""."""
    if not raw.strip():
        return "it is empty"
    if not any(field.name for field in Headers.parse(raw)):
        return "it has no header"
    return ""
