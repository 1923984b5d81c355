"""A letter ready for the page: its text in pieces that are safe to show, its HTML cleaned and remembered."""

import base64
import hashlib
import re
from dataclasses import dataclass

from django.core.cache import cache
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from .access.opened import inline_images
from .access.port import Row
from .pictures import address_of
from .sanitising import policy
from .sanitising.letters import Letter as CleanLetter
from .sanitising.letters import sanitize_html

_LINK = re.compile(r"\bhttps?://[^\s<>\"'`]{1,2000}[^\s<>\"'`.,;:!?)\]}]")
_MAX_INLINE_TOTAL = 8_000_000
_KEEP = 3_600


def clean_html(*, raw: bytes, html: str, digest: str, allow_remote: bool) -> CleanLetter:
    """The cleaned HTML of a message, remembered by the digest of its bytes and the policy's version."""
    found = _recall(digest, allow_remote=allow_remote)
    if found is None:
        images = {} if "cid:" not in html.lower() else _as_data(raw)
        found = sanitize_html(html, images=images, allow_remote=allow_remote, proxy=address_of)
        if len(found.html) < policy.MAX_BLEACH:
            cache.set(_key(digest, allow_remote=allow_remote), found, _KEEP)
    return found


def note_place(mailbox_id: int, row: Row, digest: str) -> None:
    """That this message was opened: its frame, which is asked for at once, need not read and take it apart again."""
    cache.set(_place(mailbox_id, row), digest, _KEEP)


def recall(mailbox_id: int, row: Row, *, allow_remote: bool) -> CleanLetter | None:
    """What `clean_html` made of a message that this mailbox opened, as long as it is remembered."""
    digest: str | None = cache.get(_place(mailbox_id, row))
    return None if digest is None else _recall(digest, allow_remote=allow_remote)


def _recall(digest: str, *, allow_remote: bool) -> CleanLetter | None:
    found: CleanLetter | None = cache.get(_key(digest, allow_remote=allow_remote))
    return found


def _key(digest: str, *, allow_remote: bool) -> str:
    return f"letter:{policy.VERSION}:{int(allow_remote)}:{digest}"


def _place(mailbox_id: int, row: Row) -> str:
    """A folder that was removed and made anew counts its messages from 1 again: size and moment tell them apart."""
    folder = hashlib.sha256(row.folder.encode()).hexdigest()[:32]
    return f"letter-at:{mailbox_id}:{folder}:{row.uid}:{row.size}:{row.arrived.timestamp()}"


def _as_data(raw: bytes) -> dict[str, str]:
    """Pictures as data: addresses. The frame has an origin of its own, so no cookie would go with a request."""
    found: dict[str, str] = {}
    room = _MAX_INLINE_TOTAL
    for cid, (media_type, data) in inline_images(raw).items():
        room -= len(data)
        if room > 0:
            found[cid] = f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"
    return found


@dataclass(frozen=True, slots=True)
class Passage:
    html: SafeString
    is_quote: bool
    lines: int


def split_passages(text: str) -> list[Passage]:
    """Plain text as escaped, linked passages; runs of quoted lines apart, so that they can be folded."""
    passages: list[Passage] = []
    block: list[str] = []
    quoting = False
    for line in [*text.strip("\n").split("\n"), None]:
        is_quote = line is not None and line.startswith(">")
        if line is None or is_quote != quoting:
            joined = "\n".join(block).strip("\n")
            if joined:
                passages.append(Passage(link(joined), quoting, joined.count("\n") + 1))
            block = []
            quoting = is_quote
        if line is not None:
            block.append(line)
    return passages


def link(text: str) -> SafeString:
    """Escaped first, piece by piece; only the pieces between are looked at for addresses."""
    out: list[str] = []
    position = 0
    for match in _LINK.finditer(text):
        address = escape(match.group())
        out.append(escape(text[position : match.start()]))
        out.append(f'<a href="{address}" target="_blank" rel="noopener noreferrer">{address}</a>')
        position = match.end()
    out.append(escape(text[position:]))
    return mark_safe("".join(out))  # every piece went through escape()
