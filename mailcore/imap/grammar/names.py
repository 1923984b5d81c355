"""Folder names between the wire's modified UTF-7 and Unicode (RFC 3501 §5.1.3)."""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error

from mailcore.kernel.errors import BadSyntax

from .cursor import BadCommand, Cursor
from .responses import write_astring

DELIMITER = "/"
MAX_NAMES = 1_000
_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*)-")
_UNSAFE = re.compile(r"[^\x20-\x7e]+|&")


def encode_name(name: str) -> bytes:
    """The modified UTF-7 of a folder's name."""
    return _UNSAFE.sub(_shift, name).encode("ascii")


def _shift(run: "re.Match[str]") -> str:
    if run[0] == "&":
        return "&-"
    encoded = b64encode(run[0].encode("utf-16-be", "surrogatepass"), b"+,").rstrip(b"=")
    return f"&{encoded.decode('ascii')}-"


def decode_name(wire: bytes) -> str:
    """The Unicode name; raises BadSyntax where it is not what `encode_name` would have written.

    Raw UTF-8 is taken as such: clients that never shift a name send it. INBOX is put in
    capitals, also as the first level of a longer name (RFC 3501 §5.1).
    """
    if not wire.isascii():
        name = _decode_utf8(wire)
    else:
        name = _SHIFTED.sub(_unshift, wire).decode("utf-8", "surrogatepass")
        if encode_name(name) != wire:
            raise BadSyntax("That folder name is not valid modified UTF-7.", repr(wire))
    return _check(name, wire)


def _check(name: str, wire: bytes) -> str:
    if any(0xD800 <= ord(char) < 0xE000 or char < " " or char == "\x7f" for char in name):
        raise BadSyntax("That folder name holds a character that cannot stand in a name.", repr(wire))
    head, slash, rest = name.partition(DELIMITER)
    return f"INBOX{slash}{rest}" if head.upper() == "INBOX" else name


def decode_utf8_name(wire: bytes) -> str:
    """A name that is UTF-8 and nothing else, as URLs and IMAP4rev2 write it (RFC 9051 §5.1)."""
    return _check(_decode_utf8(wire), wire)


def _decode_utf8(wire: bytes) -> str:
    try:
        return wire.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadSyntax("That folder name is neither modified UTF-7 nor UTF-8.", repr(wire)) from error


def _unshift(run: "re.Match[bytes]") -> bytes:
    if not run[1]:
        return b"&"
    try:
        units = b64decode(run[1] + b"=" * (-len(run[1]) % 4), b"+,")
        return units.decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass")
    except (Base64Error, UnicodeDecodeError) as error:
        raise BadSyntax("That folder name is not valid modified UTF-7.", repr(run[0])) from error


def parse_name(cursor: Cursor) -> str:
    """The folder's name that stands at the cursor."""
    return decode_utf8_name(cursor.astring()) if cursor.utf8_names else decode_name(cursor.astring())


def parse_names(cursor: Cursor) -> tuple[str, ...]:
    """One folder's name, or several in parentheses (`one-or-more-mailbox`, RFC 5465 §8)."""
    if not cursor.skip(b"("):
        return (parse_name(cursor),)
    names = [parse_name(cursor)]
    while cursor.skip(b" "):
        names.append(parse_name(cursor))
    cursor.expect(b")")
    if len(names) > MAX_NAMES:
        raise BadCommand("Those are too many folders")
    return tuple(names)


def write_name(name: str, *, utf8: bool) -> bytes:
    """A folder's name in a response: modified UTF-7, or for clients that take it UTF-8."""
    if not utf8:
        return write_astring(encode_name(name))
    data = name.encode("utf-8")
    return write_astring(data) if data.isascii() else b'"%b"' % data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
