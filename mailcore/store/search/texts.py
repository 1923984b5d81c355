"""A message's searchable text: folded, decoded, headers apart from the body."""

import unicodedata
from dataclasses import dataclass

from mailcore.kernel.mailstore import TextLeaf
from mailcore.mime.headers import Field, Headers, decode_value
from mailcore.mime.structure import parse
from mailcore.mime.text import search_text

from ..contents import clean


def fold(text: str) -> str:
    """The form in which texts and needles are compared."""
    return unicodedata.normalize("NFC", text).casefold() if not text.isascii() else text.lower()


@dataclass(frozen=True, slots=True)
class Texts:
    header: str
    """One line a field, "name: value", each between line ends."""
    body: str

    @classmethod
    def derive(cls, raw: bytes) -> "Texts":
        message = parse(raw)
        return cls(write_header(message.headers), clean(fold(search_text(message))))

    def contains(self, leaf: TextLeaf, needle: str) -> bool:
        """Whether a leaf holds; `needle` is its folded needle."""
        if leaf.field == "body":
            return needle in self.body
        if leaf.field == "text":
            return needle in self.header or needle in self.body
        return find_in_field(self.header, leaf, needle)


def write_header(headers: Headers) -> str:
    lines = [f"{field.name}: {value}" for field, value in _list_fields(headers)]
    return clean(fold("\n" + "\n".join(lines) + "\n"))


def find_in_field(header: str, leaf: TextLeaf, needle: str) -> bool:
    start = f"\n{(leaf.header if leaf.field == 'header' else leaf.field).lower()}: "
    at = header.find(start)
    while at != -1:
        value_at = at + len(start)
        end = header.find("\n", value_at)
        if needle in header[value_at:end]:
            return True
        at = header.find(start, end)
    return False


def _list_fields(headers: Headers) -> list[tuple[Field, str]]:
    return [(field, " ".join(decode_value(field.value).splitlines())) for field in headers if field.name]
