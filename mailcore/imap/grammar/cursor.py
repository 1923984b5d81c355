"""A cursor over one command: the terminals of RFC 3501 §9.

Every method takes what it names from where the cursor stands or raises BadCommand, whose
text may be shown to the client.
"""

import re

from .framing import Command

_ATOM = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
_ASTRING = re.compile(rb"[^\x00-\x20\x7f(){%*\"\\]+")
_PATTERN = re.compile(rb"[^\x00-\x20\x7f(){\"\\]+")
_TAG = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\+]+")
_QUOTED = re.compile(rb'"((?:[^"\\\r\n\x00]|\\["\\])*)"')
_ESCAPED = re.compile(rb"\\([\"\\])")
_LITERAL = re.compile(rb"\{(\d+)\+?\}\r\n")
_NUMBER = re.compile(rb"\d{1,19}")
_WORD = re.compile(rb"[A-Za-z0-9.\-]+")
_FLAG = re.compile(rb"\\?[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
MAX_TAG = 100


class BadCommand(Exception):
    """The command breaks the grammar; answered with BAD."""

    code = b""


class UidRequired(BadCommand):
    """A sequence number from a client that has given them up (RFC 9586 §3)."""

    code = b"[UIDREQUIRED] "


class Cursor:
    __slots__ = ("_literals", "_next_literal", "position", "text", "uid_only", "utf8_names", "utf8_only")

    def __init__(self, command: Command, *, utf8_names: bool = False, utf8_only: bool = False, uid_only: bool = False) -> None:
        self.utf8_names = utf8_names
        """Folder names are UTF-8, not modified UTF-7 (RFC 9051 §5.1, RFC 6855 §3)."""
        self.utf8_only = utf8_only
        """UTF8=ACCEPT is on: a charset cannot be named any more (RFC 6855 §3)."""
        self.text = command.text
        self.uid_only = uid_only
        """Messages are named by UID only (RFC 9586)."""
        self.position = 0
        self._literals = command.literals
        self._next_literal = 0

    @property
    def at_end(self) -> bool:
        return self.position >= len(self.text)

    def plain_rest(self) -> bytes | None:
        """All that follows, where no literal is in it; the cursor stays."""
        return None if self._next_literal < len(self._literals) else self.text[self.position :]

    def peek(self, token: bytes) -> bool:
        return self.text.startswith(token, self.position)

    def skip(self, token: bytes) -> bool:
        """Step over `token` if it stands here."""
        if self.text.startswith(token, self.position):
            self.position += len(token)
            return True
        return False

    def skip_word(self, token: bytes) -> bool:
        """As `skip`, whatever the case; `token` is in capitals."""
        end = self.position + len(token)
        if self.text[self.position : end].upper() == token:
            self.position = end
            return True
        return False

    def expect(self, token: bytes) -> None:
        if not self.skip(token):
            raise BadCommand(f"Expected {token.decode()!r}" if token.strip() else "An argument is missing")

    def space(self) -> None:
        self.expect(b" ")

    def end(self) -> None:
        # Some clients leave blanks at the end of a line.
        if self.text[self.position :].strip(b" "):
            raise BadCommand("There is something after the last argument")

    def match(self, pattern: "re.Pattern[bytes]", wanted: str) -> bytes:
        found = pattern.match(self.text, self.position)
        if found is None:
            raise BadCommand(f"Expected {wanted}")
        self.position = found.end()
        return found[0]

    def tag(self) -> bytes:
        tag = self.match(_TAG, "a tag")
        if len(tag) > MAX_TAG:
            raise BadCommand("That tag is too long")
        return tag

    def atom(self) -> bytes:
        return self.match(_ATOM, "an atom")

    def word(self) -> bytes:
        """A keyword of the grammar, in capitals."""
        return self.match(_WORD, "a word").upper()

    def flag(self) -> bytes:
        return self.match(_FLAG, "a flag")

    def number(self, *, limit: int = 0xFFFFFFFF) -> int:
        value = int(self.match(_NUMBER, "a number"))
        if value > limit:
            raise BadCommand("That number is too large")
        return value

    def string(self) -> bytes:
        """A quoted string or a literal."""
        found = _QUOTED.match(self.text, self.position)
        if found is not None:
            self.position = found.end()
            return _ESCAPED.sub(rb"\1", found[1]) if b"\\" in found[1] else found[1]
        return self.literal()

    def literal(self) -> bytes:
        self.match(_LITERAL, "a string")
        if self._next_literal >= len(self._literals):
            raise BadCommand("Expected a literal")
        self._next_literal += 1
        return self._literals[self._next_literal - 1]

    def literal8(self) -> bytes:
        """A literal that may hold any octet (RFC 3516 §4.4)."""
        self.expect(b"~")
        return self.literal()

    def astring(self) -> bytes:
        if self.text[self.position : self.position + 1] in (b'"', b"{"):
            return self.string()
        return self.match(_ASTRING, "a string")

    def nstring(self) -> bytes | None:
        if self.text[self.position : self.position + 3].upper() == b"NIL":
            self.position += 3
            return None
        return self.string()

    def list_pattern(self) -> bytes:
        if self.text[self.position : self.position + 1] in (b'"', b"{"):
            return self.string()
        return self.match(_PATTERN, "a pattern")

    def words_in_list(self) -> list[bytes]:
        """`(` words parted by spaces `)`; may be empty."""
        self.expect(b"(")
        words: list[bytes] = []
        while not self.skip(b")"):
            if words:
                self.space()
            words.append(self.word())
        return words
