"""A message as the spam filter looks at it: header, visible text, markup and addresses of pages. Pure.

What this house put on top (Authentication-Results, Received) is read from the message itself, so that a message weighs
the same at the door and when it is learned from later.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property

from mailcore.mime import charsets
from mailcore.mime.addresses import list_mailboxes
from mailcore.mime.content import text_of
from mailcore.mime.headers import Headers, unfold
from mailcore.mime.htmltext import html_to_text
from mailcore.mime.parts import Message, Part, walk
from mailcore.mime.structure import parse

MAX_TEXT = 65_536
"""Characters of each kind of text that are looked at: spam says what it has to say early."""
MAX_PARTS = 50
_URL = re.compile(r"\b(?:https?://|www\.)[^\s\"'<>\]\[(){}|\\^`]{3,400}", re.IGNORECASE)
_HREF = re.compile(r"<(a|area|form|img|iframe)\b[^<>]*?\b(?:href|src|action)\s*=\s*[\"']?\s*([^\"'\s<>]{3,600})", re.IGNORECASE)
_ADDRESS_LITERAL = re.compile(r"\[?(\d{1,3}(?:\.\d{1,3}){3}|(?:IPv6:)[0-9a-fA-F:.]+)\]?")
_FROM_HOST = re.compile(r"\s*from\s+([^\s();]{1,255})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hop:
    """One Received line: who said hello, and from where."""

    helo: str
    peer: str


@dataclass
class Sample:
    message: Message
    headers: Headers
    texts: list[str] = field(default_factory=list)
    """Visible text, decoded, a part each."""
    markup: str = ""
    """HTML source, of all parts."""
    has_plain: bool = False
    parts: list[Part] = field(default_factory=list)
    hashed: list[int] | None = None
    """Its clues, once they were looked for."""

    @cached_property
    def text(self) -> str:
        return "\n".join(self.texts)[: 2 * MAX_TEXT]

    @cached_property
    def subject(self) -> str:
        return self.headers.get("subject") or ""

    @cached_property
    def author(self) -> tuple[str, str]:
        """(display name, address in lower case) of From."""
        return self.first("from")

    @cached_property
    def hops(self) -> list[Hop]:
        """From the nearest to the farthest, at most twenty."""
        return [_read_hop(unfold(line.value).decode("latin-1")) for line in self.headers.get_fields("received")[:20]]

    @cached_property
    def proofs(self) -> dict[str, str]:
        """method → result, of the Authentication-Results above the first Received only: those below are anybody's."""
        found: dict[str, str] = {}
        for line in self.headers:
            name = line.name.lower()
            if name == "received":
                break
            if name == "authentication-results":
                found |= read_proofs(line.value.decode("latin-1"))
        return found

    @cached_property
    def urls(self) -> list[str]:
        """In the order they stand in, at most 200."""
        found = dict.fromkeys(match[2] for match in _HREF.finditer(self.markup))
        found |= dict.fromkeys(match[0] for match in _URL.finditer(self.text))
        return list(found)[:200]

    def first(self, name: str) -> tuple[str, str]:
        value = self.headers.get_text(name)
        listed = list_mailboxes(value) if value else []
        return (listed[0].name or "", listed[0].address.lower()) if listed else ("", "")


def read(raw: bytes) -> Sample:
    """Never raises for what a message can be."""
    message = parse(raw)
    sample = Sample(message, message.headers)
    room = MAX_TEXT
    for part in walk(message.root):
        sample.parts.append(part)
        if len(sample.parts) >= MAX_PARTS:
            break
        if part.type != "text" or part.disposition == "attachment" or part.size == 0 or room <= 0:
            continue
        text = text_of(raw, part, room * 2)[:room]
        room -= len(text)
        if part.subtype == "html":
            sample.markup += text
            sample.texts.append(html_to_text(text))
        else:
            sample.has_plain = True
            sample.texts.append(text)
    return sample


def read_proofs(value: str) -> dict[str, str]:
    """As `trust.results.write` folds them: a method begins a line, so nothing a sender chose can pass for one."""
    found: dict[str, str] = {}
    for line in re.split(r";\r?\n\t(?! )", value)[1:]:
        method, equals, rest = line.partition("=")
        if equals and method.isalpha():
            # One good signature is enough.
            result = rest.split(None, 1)[0].lower() if rest.strip() else ""
            if found.get(method) != "pass":
                found[method] = result
    return found


def host_of(url: str) -> str:
    """Of `https://user@Host:80/path`; "" where there is none."""
    rest = url.partition("://")[2] or url
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    return host.partition(":")[0].lower().strip(".")


def raw_value(headers: Headers, name: str) -> str:
    found = headers.unfolded(name)
    return charsets.decode_header_bytes(found) if found else ""


def _read_hop(value: str) -> Hop:
    start = value.partition(" by ")[0]
    said = _FROM_HOST.match(start)
    place = _ADDRESS_LITERAL.search(start, said.end() if said else 0)
    return Hop(said[1].lower() if said else "", place[1] if place else "")
