"""Bytes that cannot pass as text, put into base64 (RFC 2045 §6.8; RFC 3516 §4.4)."""

import re
from base64 import encodebytes

from .parts import Part, walk
from .structure import parse

_ENCODING = re.compile(rb"^content-transfer-encoding[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE)


def without_nuls(raw: bytes) -> bytes:
    """The message with each leaf part that holds a NUL as base64; a NUL elsewhere is dropped.

    Outer parts that say 7bit, 8bit or binary stay as they are: base64 is all of these.
    """
    pieces: list[bytes] = []
    at = 0
    for part in sorted(_list_leaves(parse(raw).root), key=lambda part: part.header_start):
        if b"\0" not in raw[part.body_start : part.body_end] or part.header_start < at:
            continue
        pieces.append(raw[at : part.header_start].replace(b"\0", b""))
        pieces.append(_encode_header(raw[part.header_start : part.body_start].replace(b"\0", b"")))
        pieces.append(encodebytes(raw[part.body_start : part.body_end]).replace(b"\n", b"\r\n").removesuffix(b"\r\n"))
        at = part.body_end
    pieces.append(raw[at:].replace(b"\0", b""))
    return b"".join(pieces)


def _list_leaves(root: Part) -> list[Part]:
    return [part for part in walk(root) if not part.is_multipart and part.message is None]


def _encode_header(header: bytes) -> bytes:
    """A header block, its blank line included, that says base64."""
    kept = _ENCODING.sub(b"", header).removesuffix(b"\n").removesuffix(b"\r")
    if kept and not kept.endswith(b"\n"):
        kept += b"\r\n"
    return kept + b"Content-Transfer-Encoding: base64\r\n\r\n"
