"""One message as a script sees it: header values, addresses, parts; read from the bytes when asked, once.

RFC 5228 §2.4.2.2: values come unfolded, decoded, without blanks around them.
"""

from mailcore.mime import addresses, structure
from mailcore.mime.addresses import Mailbox
from mailcore.mime.headers import Headers
from mailcore.mime.parts import Part, walk


class Letter:
    """Never raises, whatever the bytes. Share one between the scripts that look at one message."""

    __slots__ = ("_addresses", "_headers", "_part_headers", "_root", "_values", "is_edited", "raw", "size")

    def __init__(self, raw: bytes, *, size: int | None = None, is_edited: bool = False) -> None:
        self.raw = raw
        self.size = len(raw) if size is None else size
        self.is_edited = is_edited
        self._headers: Headers | None = None
        self._root: Part | None = None
        self._values: dict[str, list[str]] = {}
        self._addresses: dict[str, list[Mailbox]] = {}
        self._part_headers: dict[int, Headers] = {}

    @property
    def headers(self) -> Headers:
        if self._headers is None:
            self._headers = Headers.parse(self.raw)
        return self._headers

    @property
    def root(self) -> Part:
        if self._root is None:
            self._root = structure.parse(self.raw).root
        return self._root

    def values(self, name: str) -> list[str]:
        """Decoded values of every field of that name (lower case), in order."""
        found = self._values.get(name)
        if found is None:
            found = self._values[name] = [value.strip() for value in self.headers.get_all(name)]
        return found

    def addresses(self, name: str) -> list[Mailbox]:
        found = self._addresses.get(name)
        if found is None:
            found = self._addresses[name] = [one for value in self.raw_values(name) for one in addresses.list_mailboxes(value)]
        return found

    def raw_values(self, name: str) -> list[str]:
        """As `values`, encoded words left in: an address list is read before its names are decoded."""
        return [read_raw(field.value) for field in self.headers.get_fields(name)]

    def parts(self, under: Part | None = None) -> list[Part]:
        return list(walk(under or self.root))

    def part_headers(self, part: Part) -> Headers:
        found = self._part_headers.get(part.header_start)
        if found is None:
            found = self._part_headers[part.header_start] = Headers.parse(self.raw, part.header_start, part.body_start)
        return found

    @property
    def header_bytes(self) -> bytes:
        return self.raw[: self.headers.end]

    def with_header(self, header: bytes) -> "Letter":
        """The same message under another header block, which ends with its blank line."""
        return Letter(header + self.raw[self.headers.end :], size=self.size, is_edited=True)


def read_raw(value: bytes) -> str:
    return value.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"").decode("utf-8", "replace").strip()
