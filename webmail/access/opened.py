"""From a message's bytes to what a page shows of it. Shared by every implementation of the port."""

import hashlib
from datetime import UTC, datetime

from mailcore.kernel.errors import NotFound
from mailcore.mime import addresses
from mailcore.mime.content import decoded, text_of
from mailcore.mime.dates import parse_date
from mailcore.mime.headers import Headers, decode_value
from mailcore.mime.parts import Part
from mailcore.mime.structure import parse
from mailcore.mime.summary import find_message_id, list_references
from mailcore.mime.words import decode

from .port import RASTER as RASTER
from .port import Attachment, Letter, Person, Row

MAX_TEXT = 1_000_000
MAX_INLINE = 3_000_000
"""Octets of one picture shown within a letter."""


def people(headers: Headers, name: str) -> tuple[Person, ...]:
    found = addresses.list_mailboxes(headers.get_text(name) or "")
    return tuple(Person(mailbox.name, mailbox.address) for mailbox in found)


def first_person(headers: Headers, name: str) -> Person:
    found = people(headers, name)
    return found[0] if found else Person("", "")


def open_letter(raw: bytes, row: Row) -> Letter:
    message = parse(raw)
    headers = message.headers
    text, html, leaves = _choose_bodies(raw, message.root)
    sent = parse_date(headers.get_text("date"))
    return Letter(
        row=row,
        reply_to=people(headers, "reply-to"),
        cc=people(headers, "cc"),
        bcc=people(headers, "bcc"),
        message_id=find_message_id(headers),
        references=list_references(headers),
        sent_at=None if sent is None else datetime.fromtimestamp(sent, UTC),
        text=text,
        html=html,
        attachments=tuple(_describe(raw, number, part) for number, part in enumerate(leaves)),
        authentication=_own_results(headers),
        list_unsubscribe=headers.get("list-unsubscribe") or "",
        is_one_click=(headers.get("list-unsubscribe-post") or "").strip().lower() == "list-unsubscribe=one-click",
        list_id=headers.get("list-id") or "",
        list_post=headers.get("list-post") or "",
        digest=hashlib.sha256(raw).hexdigest(),
    )


def read_attachment(raw: bytes, number: int) -> tuple[Attachment, bytes]:
    """Raises NotFound. Numbers are those `open_letter` gave."""
    leaves = _choose_bodies(raw, parse(raw).root)[2]
    if not 0 <= number < len(leaves):
        raise NotFound("There is no such attachment.")
    part = leaves[number]
    return _describe(raw, number, part), _bytes_of(raw, part)


def inline_images(raw: bytes) -> dict[str, tuple[str, bytes]]:
    """Content-ID → (type, bytes) of the pictures an HTML body may show; raster formats only."""
    found: dict[str, tuple[str, bytes]] = {}
    for part in _choose_bodies(raw, parse(raw).root)[2]:
        cid = _content_id(part)
        if cid and part.content_type in RASTER and part.size <= MAX_INLINE * 2:
            found[cid] = (part.content_type, decoded(raw, part))
    return found


def _own_results(headers: Headers) -> str:
    """Authentication-Results that stand above the first Received line, so were put there by the last host: this one.

    Those further down came with the message and may be forged (RFC 8601 §5).
    """
    found = ""
    for field in headers:
        if field.name.lower() == "received":
            return found
        if field.name.lower() == "authentication-results" and not found:
            found = decode_value(field.value)
    return ""


def _choose_bodies(raw: bytes, root: Part) -> tuple[str, str, list[Part]]:
    """The plain text, the HTML and all other leaves. The first of each kind is the body, as mail programs do."""
    texts: list[Part] = []
    pages: list[Part] = []
    others: list[Part] = []
    for part in _leaves(root):
        is_body = part.disposition != "attachment" and not part.filename
        if is_body and part.content_type == "text/plain":
            texts.append(part)
        elif is_body and part.content_type == "text/html" and not pages:
            pages.append(part)
        else:
            others.append(part)
    text = "\n\n".join(text_of(raw, part, MAX_TEXT) for part in texts)
    return text, text_of(raw, pages[0]) if pages else "", others


def list_leaves(raw: bytes) -> list[Part]:
    """What `open_letter` numbers as attachments."""
    return _choose_bodies(raw, parse(raw).root)[2]


def _leaves(part: Part) -> list[Part]:
    if part.is_multipart:
        return [leaf for child in part.children for leaf in _leaves(child)]
    return [part]


def _content_id(part: Part) -> str:
    return (part.content_id or "").strip().strip("<>")


def _bytes_of(raw: bytes, part: Part) -> bytes:
    return raw[part.body_start : part.body_end] if part.type == "message" else decoded(raw, part)


def _describe(raw: bytes, number: int, part: Part) -> Attachment:
    name = decode(part.filename).replace("/", "_").replace("\\", "_").strip() or _default_name(number, part)
    size = part.size * 3 // 4 if part.encoding == "base64" else part.size
    is_inline = bool(_content_id(part)) and part.content_type in RASTER and part.disposition != "attachment"
    return Attachment(number, name, part.content_type, size, _content_id(part), is_inline)


def _default_name(number: int, part: Part) -> str:
    if part.type == "message":
        return f"message-{number + 1}.eml"
    return f"part-{number + 1}.{part.subtype.split('+')[0].split('.')[-1] or 'bin'}"
