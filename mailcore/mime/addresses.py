"""Address lists as people write them: names, groups, comments, routes, and the broken.

RFC 5322 §3.4 and §4.4 (obsolete routes). Never raises; what cannot be an address becomes a
mailbox without a domain, so that nothing a header said is lost to the reader.
"""

import re
from dataclasses import dataclass

from . import words

MAX_ADDRESSES = 10_000
MAX_CHARS = 262_144
_FAST = re.compile(r'(?:"([^"\\]*)"\s*|([^"(),:;<>@\[\]\\]*))<([^\s"(),:;<>@\[\]\\]+)@([^\s"(),:;<>@\[\]\\]+)>\Z')
_BARE = re.compile(r'([^\s"(),:;<>@\[\]\\]+)@([^\s"(),:;<>@\[\]\\]+)\Z')
_QUOTED = r'"(?P<quoted>[^"\\]*(?:\\.[^"\\]*)*)"?|'
_REST = r'(?P<space>\s+)|(?P<literal>\[[^\]]*\]?)|(?P<special>[(),:;<>@])|(?P<atom>[^\s"(),:;<>@\[\\]+|.)'
_TOKEN = re.compile(_QUOTED + _REST, re.DOTALL)
_TOKEN_WITHOUT_QUOTES = re.compile(_REST, re.DOTALL)
_PAREN = re.compile(r"[()\\]")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_NEEDS_QUOTES = re.compile(r'[\s"(),:;<>@\[\]\\]')


@dataclass(frozen=True, slots=True)
class Mailbox:
    name: str
    local: str
    """Without quotes."""
    domain: str
    route: str = ""
    """RFC 5322 §4.4 source route, e.g. `@a.example,@b.example`."""

    @property
    def address(self) -> str:
        """As it is written, the local part quoted where it must be; without "@" where there is no domain."""
        if not self.domain:
            return self.local
        if _NEEDS_QUOTES.search(self.local):
            return '"' + re.sub(r'(["\\])', r"\\\1", self.local) + f'"@{self.domain}'
        return f"{self.local}@{self.domain}"

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


@dataclass(frozen=True, slots=True)
class GroupStart:
    name: str


@dataclass(frozen=True, slots=True)
class GroupEnd:
    pass


Entry = Mailbox | GroupStart | GroupEnd


def parse(text: str, *, decode: bool = True) -> list[Entry]:
    """Entries in order. decode=False leaves encoded words in names, as ENVELOPE wants them."""
    text = text[:MAX_CHARS].strip()
    # Without quotes a comma can only part addresses.
    pieces = [text] if '"' in text else text.split(",", MAX_ADDRESSES)
    entries: list[Entry] = []
    for piece in pieces:
        plain = _read_plain(piece.strip(), decode)
        if plain is None:
            return _Parser(text, decode).run() if text else []
        entries.append(plain)
    return entries


def _read_plain(text: str, decode: bool) -> Mailbox | None:
    """What nearly every address is, `name <local@domain>` or `local@domain`; None where it is anything else."""
    fast = _FAST.match(text)
    if fast is not None:
        name = fast.group(1) if fast.group(1) is not None else fast.group(2)
        name = " ".join(name.split())
        return Mailbox(words.decode(name) if decode else name, fast.group(3), fast.group(4))
    bare = _BARE.match(text)
    return Mailbox("", bare.group(1), bare.group(2)) if bare is not None else None


def list_mailboxes(text: str) -> list[Mailbox]:
    """The mailboxes alone, groups opened, names decoded."""
    return [entry for entry in parse(text) if isinstance(entry, Mailbox)]


class _Parser:
    def __init__(self, text: str, decode: bool) -> None:
        self.text = text
        self.decode = decode
        self.entries: list[Entry] = []
        self.in_group = False
        self.comments_close = True
        self.token = _TOKEN
        self._reset()

    def _reset(self) -> None:
        self.pieces: list[str] = []
        self.angle: list[str] | None = None
        self.closed = False
        self.comments: list[str] = []

    def run(self) -> list[Entry]:
        position = 0
        while position < len(self.text) and len(self.entries) < MAX_ADDRESSES:
            match = self.token.match(self.text, position)
            if match is None:
                break
            position = match.end()
            kind, token = match.lastgroup, match.group()
            if kind == "space":
                self._add(" ")
            elif kind == "quoted":
                if match.end("quoted") == position and "<" in token:
                    # An unclosed quote would swallow the address; from here on quotes are read as nothing.
                    self.token = _TOKEN_WITHOUT_QUOTES
                    position = match.start() + 1
                else:
                    self._add(_ESCAPE.sub(r"\1", match.group("quoted")))
            elif kind != "special":
                if token != '"':
                    self._add(token)
            elif token == "(":
                position = self._read_comment(position)
            else:
                self._take_special(token)
        self._flush()
        if self.in_group:
            self.entries.append(GroupEnd())
        return self.entries

    def _add(self, piece: str) -> None:
        if self.angle is not None and not self.closed:
            if piece != " ":
                self.angle.append(piece)
        elif self.angle is None or piece != " ":
            self.pieces.append(piece)

    def _take_special(self, token: str) -> None:
        inside = self.angle is not None and not self.closed
        if token == "<":
            self.angle, self.closed = [], False
        elif token == ">":
            self.closed = self.angle is not None
        elif token == "@":
            self._add(token)
        elif inside and self.angle and self.angle[0] == "@" and token in ",:":
            self.angle.append(token)
        elif token == ",":
            self._flush()
        elif token == ":" and not inside and not self.in_group:
            name = self._clean("".join(self.pieces))
            self._reset()
            self.entries.append(GroupStart(name))
            self.in_group = True
        elif token == ";":
            self._flush()
            if self.in_group:
                self.entries.append(GroupEnd())
                self.in_group = False
        else:
            self._add(token)

    def _read_comment(self, start: int) -> int:
        """Offset after the comment that opened before `start`; an unclosed one is read as text."""
        depth = 1
        skip = -1
        if self.comments_close:
            for match in _PAREN.finditer(self.text, start):
                at = match.start()
                char = self.text[at]
                if at == skip:
                    continue
                if char == "\\":
                    skip = at + 1
                    continue
                depth += 1 if char == "(" else -1
                if depth == 0:
                    self.comments.append(_ESCAPE.sub(r"\1", self.text[start:at]))
                    return at + 1
            # From here on no comment is looked for: a thousand open parentheses must not cost a thousand scans.
            self.comments_close = False
        self._add("(")
        return start

    def _clean(self, name: str) -> str:
        name = " ".join(name.split())
        return words.decode(name) if self.decode else name

    def _flush(self) -> None:
        if self.angle is not None:
            name = self._clean("".join(self.pieces)) or self._clean(" ".join(self.comments))
            self._emit(name, self.angle)
        elif "@" in self.pieces:
            before, spec, after = _cut_address(self.pieces)
            name = self._clean(" ".join((*before, *after))) or self._clean(" ".join(self.comments))
            self._emit(name, spec)
        else:
            local = " ".join("".join(self.pieces).split())
            if local or self.comments:
                self.entries.append(Mailbox(self._clean(" ".join(self.comments)), local, ""))
        self._reset()

    def _emit(self, name: str, spec: list[str]) -> None:
        route = ""
        if spec and spec[0] == "@" and ":" in spec:
            colon = spec.index(":")
            route = "".join(spec[:colon])
            spec = spec[colon + 1 :]
        if "@" in spec:
            at = len(spec) - 1 - spec[::-1].index("@")
            local, domain = "".join(spec[:at]), "".join(spec[at + 1 :])
        else:
            local, domain = "".join(spec), ""
        if name or local or domain:
            self.entries.append(Mailbox(name, local, domain, route))


def _cut_address(pieces: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Pieces of `words local@domain words` as (before, address, after); blanks beside the @ do not count."""
    at = len(pieces) - 1 - pieces[::-1].index("@")
    first = at
    while first > 0 and pieces[first - 1] == " ":
        first -= 1
    while first > 0 and pieces[first - 1] != " ":
        first -= 1
    last = at + 1
    while last < len(pieces) and pieces[last] == " ":
        last += 1
    while last < len(pieces) and pieces[last] != " ":
        last += 1
    spec = [piece for piece in pieces[first:last] if piece != " "]
    return [p for p in pieces[:first] if p != " "], spec, [p for p in pieces[last:] if p != " "]
