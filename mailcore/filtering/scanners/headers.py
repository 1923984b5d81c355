"""Changes a milter asks for in the header of a message. Pure. Nothing it says can make another line than the one it names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailcore.trust import fields

_NAME = re.compile(rb"[!-9;-~]{1,77}")
MAX_VALUE = 32_768


@dataclass(frozen=True, slots=True)
class Change:
    name: bytes
    index: int
    """Which field of that name, counted from 1."""
    value: bytes
    """b"" takes it away."""


def make_line(name: bytes, value: bytes) -> str:
    """A field as a trace line, folded by CRLF. ValueError for what is no field."""
    if not _NAME.fullmatch(name) or len(value) > MAX_VALUE:
        raise ValueError(f"{name[:40]!r} is not a header field")
    lines = value.replace(b"\r\n", b"\n").strip(b"\n").split(b"\n")
    kept = [lines[0].strip(), *(b"\t" + line.strip() for line in lines[1:] if line.strip())]
    if any(set(line) & {0, 13} for line in kept):
        raise ValueError(f"the value of {name.decode()} has characters that cannot be")
    return name.decode("ascii") + ": " + "\r\n".join(line.decode("utf-8", "replace") for line in kept)


def apply(raw: bytes, changes: Sequence[Change]) -> bytes:
    """In their order; one of a field that is not there adds it at the end. The body is not touched."""
    found, body = fields.split(raw)
    lines = [(field.name, field.raw) for field in found]
    if b"".join(line for _, line in lines) != raw[: fields.find_body(raw)[0]]:
        raise ValueError("the header is too long to be changed")
    for change in changes:
        places = [number for number, (name, _) in enumerate(lines) if name == change.name.lower()]
        line = (change.name.lower(), (make_line(change.name, change.value) + "\r\n").encode("utf-8")) if change.value else None
        if 0 < change.index <= len(places):
            # A removed one keeps its place until the end: the milter counts those that came.
            lines[places[change.index - 1]] = line or (change.name.lower(), b"")
        elif line is not None:
            lines.append(line)
    return b"".join(line for _, line in lines) + raw[fields.find_body(raw)[0] : body] + raw[body:]
