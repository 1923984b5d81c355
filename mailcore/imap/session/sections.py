"""BODY[section] as bytes: which columns an item needs and how a row of them becomes its value.

RFC 3501 §6.4.5. Whole messages and their headers come from a column as they are; only a
numbered part needs the structure. Sections that do not exist are NIL.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from mailcore.kernel.mailstore import Column
from mailcore.mime.parts import Part
from mailcore.mime.sections import SectionText, locate

from ..grammar.fetch import Body, Section
from ..grammar.responses import write_literal

_TEXTS: dict[bytes, SectionText] = {
    b"": "",
    b"TEXT": "TEXT",
    b"MIME": "MIME",
    b"HEADER": "HEADER",
    b"HEADER.FIELDS": "HEADER",
    b"HEADER.FIELDS.NOT": "HEADER",
}
Reader = Callable[[Sequence[Any]], bytes | None]


def needed_columns(body: Body) -> tuple[Column, ...]:
    section = body.section
    if section.path:
        return ("structure", "prefix_size", "raw")
    if section.kind.startswith(b"HEADER"):
        return ("header",)
    return ("raw", "header") if section.kind == b"TEXT" else ("raw",)


def compile_body(body: Body, places: dict[str, int]) -> Reader:
    """A function from a row to `label literal`; `places` says where the row holds each column."""
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


def _compile_section(section: Section, places: dict[str, int]) -> Reader:
    if section.path:
        structure, prefix, raw = places["structure"], places["prefix_size"], places["raw"]
        return lambda row: read_part(section, row[structure], row[prefix], row[raw])
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
    find = re.compile(rb"^" + start + rb"[^\n]*(?:\n|\Z)(?:[ \t][^\n]*(?:\n|\Z))*", re.MULTILINE | re.IGNORECASE).findall
    return lambda header: b"".join(find(header)) + b"\r\n"


def read_part(section: Section, root: Part, prefix: int, raw: bytes) -> bytes | None:
    """A numbered section, None if there is no such part."""
    span = locate(root, section.path, _TEXTS[section.kind])
    if span is None:
        return None
    data = raw[span[0] + prefix : span[1] + prefix]
    if section.fields:
        return field_selector(section.fields, section.kind.endswith(b".NOT"))(data)
    return data
