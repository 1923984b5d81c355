"""Reads what goes out to IMAP clients with IMAPClient's own parser."""

import re
from typing import Any

from imapclient.response_parser import parse_fetch_response

_LITERAL = re.compile(rb"\{(\d+)\}\r\n")


def split_literals(data: bytes) -> list[Any]:
    """The response as imaplib hands it on: bytes, and (bytes, literal) pairs."""
    out: list[Any] = []
    position = 0
    for_quotes = data
    while (match := _LITERAL.search(for_quotes, position)) is not None:
        start = match.end()
        end = start + int(match.group(1))
        out.append((data[position : match.end() - 2], data[start:end]))
        position = end
    out.append(data[position:])
    return out


def read_items(**items: bytes) -> dict[bytes, Any]:
    """Parse `1 (NAME value …)`; names are given in lower case."""
    line = b"1 (UID 7 " + b" ".join(name.upper().encode() + b" " + value for name, value in items.items()) + b")"
    return parse_fetch_response(split_literals(line), uid_is_key=True)[7]
