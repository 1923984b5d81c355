"""A message's searchable text: folded, decoded, headers apart from the body; and what it is sorted and threaded by."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from mailcore.kernel.mailstore import TextLeaf
from mailcore.mime import addresses
from mailcore.mime.collation import casemap
from mailcore.mime.headers import Headers, decode_value
from mailcore.mime.structure import parse
from mailcore.mime.subjects import split_subject
from mailcore.mime.text import search_text

from ..contents import clean

FIELDS = ("subject", "from", "to", "cc", "bcc")
"""Headers that have a key of their own in SEARCH."""
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
MAX_REFERENCES = 200


def fold(text: str) -> str:
    """The form in which texts and needles are compared.

    Whatever i;unicode-casemap (RFC 5051) calls equal is equal here, so "cafe" is found in "Café" (RFC 5255 §4.2);
    beyond that a sharp s is two, and what stands for two letters in one is those.
    """
    if text.isascii():
        return text.lower()
    # Capital of the dotless i is the plain I, so there it is no letter of its own.
    return unicodedata.normalize("NFKD", text.casefold()).casefold().replace("\u0131", "i")


class Head(NamedTuple):
    """One row of what a header block is searched, sorted and threaded by. Texts hold no line end."""

    subject: str
    """Here and in the next four: folded values, several of one name parted by `\\r`."""
    from_: str
    to: str
    cc: str
    bcc: str
    base: str
    """Here and in the next five: RFC 5256 §3 and RFC 5957 sort keys, as the collation compares them."""
    mail_from: str
    mail_to: str
    mail_cc: str
    name_from: str
    name_to: str
    is_reply: int
    message_id: int
    """A digest of the Message-ID, 0 where there is none."""
    refs: bytes
    """Digests of the ids it refers to, root first, eight octets each in this machine's order."""


@dataclass(frozen=True, slots=True)
class Texts:
    header: str
    """One line a field, "name: value", each between line ends."""
    body: str
    head: Head

    @classmethod
    def derive(cls, raw: bytes) -> "Texts":
        message = parse(raw)
        return cls(write_header(message.headers), clean(fold(search_text(message))), derive_head(message.headers))

    def contains(self, leaf: TextLeaf, needle: str) -> bool:
        """Whether a leaf holds; `needle` is its folded needle."""
        if leaf.field == "body":
            return needle in self.body
        if leaf.field == "text":
            return find_in_header(self.header, needle) or needle in self.body
        return find_in_field(self.header, leaf, needle)


def write_header(headers: Headers) -> str:
    lines = [f"{field.name}: {_read_line(field.value)}" for field in headers if field.name]
    return clean(fold("\n" + "\n".join(lines) + "\n"))


def find_in_header(header: str, needle: str) -> bool:
    """A line of a header holds no line end, so neither does what can be found in one."""
    return "\n" not in needle and needle in header


def find_in_field(header: str, leaf: TextLeaf, needle: str) -> bool:
    start = write_start(leaf)
    at = header.find(start)
    while at != -1:
        value_at = at + len(start)
        end = header.find("\n", value_at)
        if needle in header[value_at:end]:
            return True
        at = header.find(start, end)
    return False


def write_start(leaf: TextLeaf) -> str:
    """How the line of a header begins in `Texts.header`."""
    return f"\n{fold(leaf.header if leaf.field == 'header' else leaf.field)}: "


def derive_head(headers: Headers) -> Head:
    base, is_reply = split_subject(headers.get("subject") or "")
    senders, receivers, copies = (addresses.list_mailboxes(headers.get_text(name) or "") for name in ("from", "to", "cc"))
    subject, from_, to, cc, bcc = (_read_values(headers, name) for name in FIELDS)
    return Head(
        subject=subject,
        from_=from_,
        to=to,
        cc=cc,
        bcc=bcc,
        base=_key(base),
        mail_from=_key(senders[0].local if senders else ""),
        mail_to=_key(receivers[0].local if receivers else ""),
        mail_cc=_key(copies[0].local if copies else ""),
        name_from=_key(_read_name(senders)),
        name_to=_key(_read_name(receivers)),
        is_reply=int(is_reply),
        message_id=_find_message_id(headers),
        refs=b"".join(digest_id(one).to_bytes(8, "little") for one in list_references(headers)),
    )


def list_references(headers: Headers) -> list[str]:
    """RFC 5256 §3: the ids of References, or where it has none the first of In-Reply-To."""
    found = _MESSAGE_ID.findall(headers.get_text("references") or "")
    return list(dict.fromkeys(found))[-MAX_REFERENCES:] or _MESSAGE_ID.findall(headers.get_text("in-reply-to") or "")[:1]


def digest_id(message_id: str) -> int:
    """63 bits, never 0."""
    digest = hashlib.blake2b(message_id.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1 or 1


def _find_message_id(headers: Headers) -> int:
    found = _MESSAGE_ID.search(headers.get_text("message-id") or "")
    return digest_id(found[0]) if found else 0


def _read_values(headers: Headers, name: str) -> str:
    fields = headers.get_fields(name)
    return clean(fold("\r".join([_read_line(field.value) for field in fields]))) if fields else ""


def _read_line(value: bytes) -> str:
    return " ".join(decode_value(value).splitlines())


def _read_name(found: list[addresses.Mailbox]) -> str:
    """RFC 5957 §3: the name shown, or else the address."""
    return (found[0].name or found[0].address) if found else ""


def _key(text: str) -> str:
    return clean(casemap(" ".join(text.split())))
