"""BODY[section] and BINARY[part] as bytes: which columns an item needs and how a row of them becomes its value.

RFC 3501 §6.4.5; RFC 3516. Whole messages and their headers come from a column as they are; only a
numbered part needs the structure. Sections that do not exist are NIL.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import count, islice
from typing import Any

from mailcore.kernel.mailstore import Column, Octets
from mailcore.mime.content import decoded
from mailcore.mime.parts import Part
from mailcore.mime.sections import SectionText, find, locate

from ..grammar.fetch import Binary, Body, Section
from ..grammar.responses import write_literal
from .replies import Rejected

_TEXTS: dict[bytes, SectionText] = {
    b"": "",
    b"TEXT": "TEXT",
    b"MIME": "MIME",
    b"HEADER": "HEADER",
    b"HEADER.FIELDS": "HEADER",
    b"HEADER.FIELDS.NOT": "HEADER",
}
_ENCODINGS = frozenset(("7bit", "8bit", "binary", "base64", "quoted-printable", "x-uuencode", "uuencode", "x-uue", "uue"))
Reader = Callable[[Sequence[Any]], bytes | None]
MAX_KEPT = 8_192
MAX_KEPT_HEADER = 4_096
_kept: dict[tuple[int, bytes], bytes] = {}
"""What selectors, each by its number, found in header blocks lately; 5 MB of usual ones."""
_selectors = count()
WHOLE = slice(0, None)
ALL = 1 << 63
"""More octets than any message has."""


def needed_columns(body: Body | Binary) -> tuple[Column, ...]:
    if isinstance(body, Binary):
        return ("structure", "prefix_size", "raw") if body.path else ("raw",)
    section = body.section
    if section.path:
        return ("structure", "prefix_size", "octets")
    if section.kind.startswith(b"HEADER"):
        return ("header",)
    if not section.kind and body.partial is not None:
        return ("octets",)
    return ("raw", "header") if section.kind == b"TEXT" else ("raw",)


def compile_body(body: Body | Binary, places: dict[str, int]) -> Reader:
    """A function from a row to `label literal`; `places` says where the row holds each column."""
    if isinstance(body, Binary):
        return _compile_binary(body, places)
    if "octets" in needed_columns(body):
        return _compile_stretch(body, places)
    read = _compile_section(body.section, places)
    label = body.label
    if body.partial is None:

        def whole(row: Sequence[Any]) -> bytes:
            data = read(row)
            return b"%b NIL" % label if data is None else b"%b {%d}\r\n%b" % (label, len(data), data)

        return whole
    first, count = body.partial
    partial_label = b"%b<%d>" % (label, first)

    def slice_of(row: Sequence[Any]) -> bytes:
        data = read(row)
        return b"%b NIL" % partial_label if data is None else b"%b %b" % (partial_label, write_literal(data[first : first + count]))

    return slice_of


def _compile_stretch(body: Body, places: dict[str, int]) -> Reader:
    """Where only some octets of a message are asked for, only these are read: a large one is often fetched piece by piece."""
    section, octets = body.section, places["octets"]
    structure, prefix = places.get("structure", 0), places.get("prefix_size", 0)
    first, last = (body.partial[0], sum(body.partial)) if body.partial is not None else (0, None)
    label = b"%b<%d>" % (body.label, first) if body.partial is not None else body.label
    wanted = slice(first, last)

    def read(row: Sequence[Any]) -> bytes:
        if not section.path:
            return b"%b %b" % (label, write_literal(row[octets].read(*wanted.indices(ALL)[:2])))
        data = read_part(section, row[structure], row[prefix], row[octets], wanted)
        return b"%b NIL" % label if data is None else b"%b %b" % (label, write_literal(data))

    return read


def _compile_binary(body: Binary, places: dict[str, int]) -> Reader:
    structure, prefix, raw = places.get("structure", 0), places.get("prefix_size", 0), places["raw"]
    label = body.label if body.partial is None else b"%b<%d>" % (body.label, body.partial[0])

    def read(row: Sequence[Any]) -> bytes:
        data = row[raw] if not body.path else decode_part(body.path, row[structure], row[raw][row[prefix] :])
        if body.size:
            return b"%b %d" % (label, len(data or b""))
        if data is None:
            return label + b" NIL"
        if body.partial is not None:
            data = data[body.partial[0] : sum(body.partial)]
        # Only a literal8 may hold a NUL (RFC 3516 §4.2).
        return b"%b %b%b" % (label, b"~" if b"\0" in data else b"", write_literal(data))

    return read


def decode_part(path: tuple[int, ...], root: Part, raw: bytes) -> bytes | None:
    """A part without its transfer encoding; a multipart or message as it is; None where there is no such part."""
    part = find(root, path)
    if part is None:
        return None
    if part.is_multipart or part.message is not None:
        return raw[part.body_start : part.body_end]
    if part.encoding not in _ENCODINGS:
        raise Rejected(b"UNKNOWN-CTE", "A part is encoded in a way that is not known here")
    return decoded(raw, part)


def _compile_section(section: Section, places: dict[str, int]) -> Reader:
    if section.path:
        structure, prefix, octets = places["structure"], places["prefix_size"], places["octets"]
        return lambda row: read_part(section, row[structure], row[prefix], row[octets])
    raw, header = places.get("raw", 0), places.get("header", 0)
    if section.kind == b"TEXT":
        return lambda row: row[raw][len(row[header]) :]
    if section.kind == b"HEADER":
        return lambda row: row[header]
    if section.kind:
        select = field_selector(section.fields, section.kind.endswith(b".NOT"))
        return lambda row: select(row[header])
    return lambda row: row[raw]


def read_body(body: Body, columns: Sequence[Column], row: Sequence[Any]) -> bytes | None:
    """The octets of one section from a row of (uid, *columns)."""
    return _compile_section(body.section, {column: place for place, column in enumerate(columns, 1)})(row)


@lru_cache(maxsize=512)
def field_selector(fields: tuple[bytes, ...], others: bool) -> Callable[[bytes], bytes]:
    """A function from a header block to the named fields of it (or all `others`), with the blank line."""
    names = b"|".join(re.escape(name) for name in dict.fromkeys(name.lower() for name in fields))
    start = rb"(?!(?:%b)[ \t]*:)[!-9;-~]+[ \t]*:" % names if others else rb"(?:%b)[ \t]*:" % names
    # With the line end before and without the one behind, a field begins with an octet that can be looked for, and
    # what is found needs only to be joined: 8 µs a header, where asking each place whether a line begins there takes 30.
    find = re.compile(rb"\n" + start + rb"[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE).findall
    number = next(_selectors)

    def select(header: bytes) -> bytes:
        # Lists are asked for again and again, and looking up takes 0.3 µs.
        key = (number, header)
        found = _kept.get(key)
        if found is None:
            found = pick(header)
            if len(header) <= MAX_KEPT_HEADER:
                _keep(key, found)
        return found

    def pick(header: bytes) -> bytes:
        found = find(b"\n" + header)
        if not found:
            return b"\r\n"
        # A message may end within a field, which then has no line end.
        is_cut = not header.endswith(b"\n") and (b"\n" + header).endswith(found[-1])
        return b"".join(found)[1:] + (b"\r\n" if is_cut else b"\n\r\n")

    return select


def _keep(key: tuple[int, bytes], found: bytes) -> None:
    if len(_kept) >= MAX_KEPT:
        for old in list(islice(_kept, MAX_KEPT // 2)):
            _kept.pop(old, None)
    _kept[key] = found


def read_part(section: Section, root: Part, prefix: int, octets: Octets, wanted: slice = WHOLE) -> bytes | None:
    """What is wanted of a numbered section, None if there is no such part."""
    span = locate(root, section.path, _TEXTS[section.kind])
    if span is None:
        return None
    start, stop = span[0] + prefix, span[1] + prefix
    if section.fields:
        select = field_selector(section.fields, section.kind.endswith(b".NOT"))
        return select(octets.read(start, stop))[wanted]
    first, last, _ = wanted.indices(stop - start)
    return octets.read(start + first, start + last)
