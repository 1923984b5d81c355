"""A message's parts as values: types, parameters and byte ranges of the raw message.

RFC 2045, RFC 2046, RFC 2183; what IMAP BODYSTRUCTURE needs to know of each (RFC 9051 §7.5.2).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .headers import Headers


@dataclass(frozen=True, slots=True)
class Embedded:
    """The message inside a message/rfc822 part."""

    envelope: bytes
    """IMAP ENVELOPE, ready to send."""
    root: "Part"


@dataclass(frozen=True, slots=True)
class Part:
    """One body part. Offsets count from the start of the raw message; `body_end` is exclusive."""

    type: str
    subtype: str
    params: dict[str, str]
    """Decoded values by lower-case name."""
    content_id: str | None
    description: str | None
    """As written, encoded words left in."""
    encoding: str
    """Lower case; "7bit" where none is said."""
    disposition: str | None
    disposition_params: dict[str, str]
    language: tuple[str, ...]
    location: str | None
    md5: str | None
    header_start: int
    body_start: int
    body_end: int
    lines: int
    """Line ends in the body; counted for text and message parts only."""
    number: str
    """Section number, "" for a multipart root. An embedded multipart has its message part's."""
    children: "tuple[Part, ...]" = ()
    message: Embedded | None = None

    @property
    def content_type(self) -> str:
        return f"{self.type}/{self.subtype}"

    @property
    def size(self) -> int:
        return self.body_end - self.body_start

    @property
    def filename(self) -> str:
        return self.disposition_params.get("filename") or self.params.get("name") or ""

    @property
    def is_multipart(self) -> bool:
        return self.type == "multipart"


@dataclass(frozen=True, slots=True)
class Message:
    raw: bytes
    headers: Headers
    root: Part


def walk(root: Part) -> Iterator[Part]:
    """Every part in document order, the roots of embedded messages included."""
    yield root
    for child in root.children:
        yield from walk(child)
    if root.message is not None:
        yield from walk(root.message.root)
