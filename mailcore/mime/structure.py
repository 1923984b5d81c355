"""A message's parts as byte ranges of the raw message; nothing is copied or decoded.

RFC 2046 §5.1 (multiparts), §5.2.1 (message/rfc822), RFC 9051 §6.4.5.1 (section numbers). Wrong
boundaries are borne as mail programs bear them: an unclosed multipart ends where the one
around it goes on, a boundary that only begins like another is not it, and a multipart in
which no boundary is found is text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailcore.kernel.limits import MAX_HEADER_BYTES, MAX_PART_DEPTH, MAX_PARTS

from .content import decoded, text_of
from .envelope import envelope_of
from .headers import Headers
from .parameters import parse_content_type, parse_disposition, strip_comments
from .parts import Embedded, Message, Part, walk
from .sections import find, locate
from .storage import dump, load

__all__ = ["Embedded", "Message", "Part", "decoded", "dump", "find", "load", "locate", "parse", "text_of", "walk"]

_DELIMITER_TAIL = re.compile(rb"(--)?[ \t]*\r?(?:\n|\Z)")
_SPACES = re.compile(r"[\s,]+")


def parse(raw: bytes) -> Message:
    """The headers and structure of a whole message. Never raises; linear in its length."""
    headers = Headers.parse(raw)
    root = _Scan(raw).read_entity(headers, 0, len(raw), number="", is_root=True, depth=0, default="text/plain")
    return Message(raw, headers, root)


@dataclass(slots=True)
class _Scan:
    raw: bytes
    parts: int = 0
    header_room: int = MAX_HEADER_BYTES
    """What the parts' headers may still take together; beyond it they are skipped, not read."""

    def _read_headers(self, start: int, end: int) -> Headers:
        headers = Headers.parse(self.raw, start, end, limit=self.header_room)
        self.header_room = max(0, self.header_room - (headers.end - start))
        return headers

    def read_entity(self, headers: Headers, start: int, end: int, *, number: str, is_root: bool, depth: int, default: str) -> Part:
        """`number` is the part's own, or for a root that of the message part around it."""
        self.parts += 1
        value = headers.get_text("content-type")
        kind, subtype, params = parse_content_type(value) if value else ("", "", {})
        if not kind:
            kind, subtype = default.split("/")
        body = min(headers.end, end)
        children: tuple[Part, ...] = ()
        message: Embedded | None = None
        if kind == "multipart":
            children = self._read_children(body, end, params.get("boundary", ""), number, depth, digest=subtype == "digest")
            if not children:
                kind, subtype, params = "text", "plain", {}
        if kind != "multipart" and is_root:
            number = f"{number}.1" if number else "1"
        if kind == "message" and subtype in ("rfc822", "global") and depth < MAX_PART_DEPTH and self.parts < MAX_PARTS:
            inner = self._read_headers(body, end)
            root = self.read_entity(inner, body, end, number=number, is_root=True, depth=depth + 1, default="text/plain")
            message = Embedded(envelope_of(inner), root)
        elif kind == "message" and subtype in ("rfc822", "global"):
            kind, subtype = "application", "octet-stream"
        return self._make(headers, kind, subtype, params, (start, body, end), number, children, message)

    def _make(
        self,
        headers: Headers,
        kind: str,
        subtype: str,
        params: dict[str, str],
        span: tuple[int, int, int],
        number: str,
        children: tuple[Part, ...],
        message: Embedded | None,
    ) -> Part:
        start, body, end = span
        disposition = ""
        disposition_params: dict[str, str] = {}
        value = headers.get_text("content-disposition")
        if value:
            disposition, disposition_params = parse_disposition(value)
        encoding = headers.get_text("content-transfer-encoding")
        language = headers.get_text("content-language")
        return Part(
            type=kind,
            subtype=subtype,
            params=params,
            content_id=headers.get_text("content-id"),
            description=headers.get_text("content-description"),
            encoding=_read_token(encoding) if encoding else "7bit",
            disposition=disposition or None,
            disposition_params=disposition_params,
            language=tuple(filter(None, _SPACES.split(strip_comments(language)))) if language else (),
            location=headers.get_text("content-location"),
            md5=headers.get_text("content-md5"),
            header_start=start,
            body_start=body,
            body_end=end,
            lines=self.raw.count(b"\n", body, end) if kind == "text" or message is not None else 0,
            number=number,
            children=children,
            message=message,
        )

    def _read_children(self, start: int, end: int, boundary: str, number: str, depth: int, *, digest: bool) -> tuple[Part, ...]:
        if not boundary.strip() or depth >= MAX_PART_DEPTH:
            return ()
        children: list[Part] = []
        default = "message/rfc822" if digest else "text/plain"
        prefix = f"{number}." if number else ""
        for first, last in self._find_ranges(start, end, boundary):
            if self.parts >= MAX_PARTS:
                break
            headers = self._read_headers(first, last)
            part_number = f"{prefix}{len(children) + 1}"
            child = self.read_entity(headers, first, last, number=part_number, is_root=False, depth=depth + 1, default=default)
            children.append(child)
        return tuple(children)

    def _find_ranges(self, start: int, end: int, boundary: str) -> Iterator[tuple[int, int]]:
        """With blanks at its end the boundary is looked for as written, then as RFC 2046 §5.1.1 allows it."""
        found = False
        for marker in dict.fromkeys((boundary, boundary.rstrip())):
            for span in self._split(start, end, b"--" + marker.encode("utf-8", "replace")):
                found = True
                yield span
            if found:
                return

    def _split(self, start: int, end: int, needle: bytes) -> Iterator[tuple[int, int]]:
        """Ranges between delimiter lines (RFC 2046 §5.1.1); the line end before a delimiter belongs to it."""
        raw = self.raw
        # A body begins after a line end, so the one before it opens the first line as any other.
        needle = b"\n" + needle
        opened = -1
        hit = raw.find(needle, max(start - 1, 0), end)
        while hit != -1:
            tail = _DELIMITER_TAIL.match(raw, hit + len(needle), end)
            if tail is None:
                hit = raw.find(needle, hit + 1, end)
                continue
            if opened != -1:
                last = hit - 1 if hit > opened and raw[hit - 1] == 13 else hit
                yield opened, max(last, opened)
            opened = tail.end()
            if tail.group(1):
                return
            hit = raw.find(needle, opened - 1, end)
        if opened != -1:
            yield opened, end


def _read_token(value: str) -> str:
    """`Quoted-Printable (why not);` → `quoted-printable`."""
    words = strip_comments(value).replace(";", " ").replace('"', " ").split()
    return words[0].lower() if words else "7bit"
