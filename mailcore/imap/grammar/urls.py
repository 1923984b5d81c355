"""IMAP URLs as far as CATENATE uses them: a message, or a section of it, on this server (RFC 5092 §4, §5; RFC 4469 §4).

`/INBOX;UIDVALIDITY=3/;UID=20/;SECTION=1.2/;PARTIAL=0.1024`. What names another server is refused.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from mailcore.kernel.errors import BadSyntax

from .cursor import BadCommand, Cursor
from .fetch import Section, parse_section
from .framing import Command
from .names import decode_utf8_name

MAX_URL = 4_000
_URL = re.compile(
    rb"(?:/(?P<folder>[^;]*?)(?:;UIDVALIDITY=(?P<uidvalidity>\d{1,10}))?/|/?)"
    rb";UID=(?P<uid>[1-9]\d{0,9})(?:/;SECTION=(?P<section>[^;]+?))?(?:/;PARTIAL=(?P<first>\d{1,19})(?:\.(?P<count>\d{1,19}))?)?\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class MessageUrl:
    text: bytes
    folder: str | None
    """None for the folder that is open."""
    uidvalidity: int | None
    uid: int
    section: Section
    partial: tuple[int, int | None] | None


def read_url(text: bytes) -> MessageUrl | None:
    """None where it is no URL of a message here."""
    found = _URL.match(text) if len(text) <= MAX_URL else None
    if found is None:
        return None
    try:
        folder = decode_utf8_name(unquote_to_bytes(found["folder"])) if found["folder"] else None
        section = _read_section(unquote_to_bytes(found["section"])) if found["section"] else Section()
    except (BadSyntax, BadCommand):
        return None
    partial = None
    if found["first"] is not None:
        partial = (int(found["first"]), int(found["count"]) if found["count"] else None)
    uidvalidity = int(found["uidvalidity"]) if found["uidvalidity"] else None
    return MessageUrl(text, folder, uidvalidity, int(found["uid"]), section, partial)


def _read_section(text: bytes) -> Section:
    cursor = Cursor(Command(b"[%b]" % text))
    section = parse_section(cursor)
    cursor.end()
    return section
