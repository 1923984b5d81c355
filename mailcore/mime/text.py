"""What a person can read in a message: text to search, and a snippet for the list.

HTML is reduced to text by `htmltext`; nothing here is safe to show as HTML.
"""

import re

from .content import text_of
from .headers import Headers
from .htmltext import html_to_text
from .parts import Message, Part, walk

__all__ = ["html_to_text", "search_text", "snippet"]

MAX_SEARCH_CHARS = 1_000_000
SNIPPET_CHARS = 200
_SNIPPET_BYTES = 8_192
_SNIPPET_HTML_BYTES = 65_536
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]+"
)
_ATTRIBUTION = re.compile(
    r"(?:on|am|le|el|il|op|den|em|w dniu)\b(?=.*\d).{0,300}:\s*\Z|.{0,200}\b(?:wrote|writes|schrieb|écrit|escribió)\s?:\s*\Z", re.I
)
_RULE = re.compile(r"[-=_*~#+.\s]{3,}\Z")


def search_text(message: Message) -> str:
    """Every text part decoded, the subjects of embedded messages and the names of all parts, at most 1 MB."""
    out: list[str] = []
    room = MAX_SEARCH_CHARS
    for part in walk(message.root):
        if room <= 0:
            break
        for piece in _pieces(message.raw, part, room):
            if piece:
                out.append(piece[:room])
                room -= len(piece) + 1
    return "\n".join(out)[:MAX_SEARCH_CHARS]


def _pieces(raw: bytes, part: Part, room: int) -> list[str]:
    pieces = [part.filename]
    if part.message is not None:
        inner = part.message.root
        headers = Headers.parse(raw, inner.header_start, inner.body_start)
        pieces += [headers.get(name) or "" for name in ("subject", "from", "to")]
    elif part.type == "text":
        # Encoded text is up to three times as long as what it says.
        text = text_of(raw, part, room * 4)
        pieces.append(html_to_text(text) if part.subtype == "html" else text)
    return pieces


def snippet(message: Message) -> str:
    """The first visible words, at most 200 characters on one line; quotes and the signature are skipped."""
    plain: Part | None = None
    html: Part | None = None
    for part in walk(message.root):
        if part.type != "text" or part.disposition == "attachment" or part.size == 0:
            continue
        if part.subtype == "html":
            html = html or part
        elif part.subtype in ("plain", "enriched", "markdown"):
            plain = plain or part
        if plain is not None:
            break
    if plain is not None:
        found = _shorten(text_of(message.raw, plain, _SNIPPET_BYTES))
        if found:
            return found
        html = html or next((p for p in walk(message.root) if p.content_type == "text/html" and p.disposition != "attachment"), None)
    if html is not None:
        return _shorten(html_to_text(text_of(message.raw, html, _SNIPPET_HTML_BYTES)))
    return ""


def _shorten(text: str) -> str:
    """The writer's own words; where there are none, the quoted ones."""
    own: list[str] = []
    quoted: list[str] = []
    room = SNIPPET_CHARS * 2
    for line in text[:_SNIPPET_BYTES].split("\n"):
        if not (line.isascii() and line.isprintable()):
            line = _INVISIBLE.sub("", line)
        if line.rstrip() == "--":
            break
        line = " ".join(line.split())
        if not line or (line[0] in "-=_*~#+." and _RULE.match(line)):
            continue
        if line[-1] == ":" and len(line) < 320 and _ATTRIBUTION.match(line):
            continue
        if line.startswith((">", "|")):
            if len(quoted) < 20:
                quoted.append(line.lstrip(">| "))
            continue
        own.append(line)
        room -= len(line)
        if room <= 0:
            break
    joined = " ".join(own) or " ".join(filter(None, quoted))
    if len(joined) <= SNIPPET_CHARS:
        return joined
    return joined[: SNIPPET_CHARS - 1].rstrip() + "…"
