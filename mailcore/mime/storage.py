"""A structure as compact bytes, so that the store keeps it beside the message.

The form is JSON of nested lists, versioned; the same structure always gives the same bytes.
"""

import json
from typing import Any

from .parts import Embedded, Part

VERSION = 1


def dump(root: Part) -> bytes:
    return json.dumps([VERSION, _pack(root)], separators=(",", ":"), ensure_ascii=True).encode("ascii")


def load(data: bytes) -> Part:
    """The structure that `dump` wrote; raises ValueError for bytes that it did not write."""
    try:
        version, packed = json.loads(data)
        if version != VERSION:
            raise ValueError(f"structure of version {version}")
        return _unpack(packed)
    except (TypeError, IndexError, AttributeError, RecursionError) as error:
        raise ValueError("not a dumped structure") from error


def _pack(part: Part) -> list[Any]:
    message = part.message
    return [
        part.type,
        part.subtype,
        part.params,
        part.content_id,
        part.description,
        part.encoding,
        part.disposition,
        part.disposition_params,
        part.language,
        part.location,
        part.md5,
        part.header_start,
        part.body_start,
        part.body_end,
        part.lines,
        part.number,
        [_pack(child) for child in part.children],
        None if message is None else [message.envelope.decode("latin-1"), _pack(message.root)],
    ]


def _unpack(packed: list[Any]) -> Part:
    *fields, children, message = packed
    fields[8] = tuple(fields[8])
    fields.append(tuple(_unpack(child) for child in children))
    fields.append(None if message is None else Embedded(message[0].encode("latin-1"), _unpack(message[1])))
    return Part(*fields)
