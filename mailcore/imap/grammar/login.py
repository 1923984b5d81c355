"""LOGIN, AUTHENTICATE, ID, ENABLE (RFC 3501 §6.2; RFC 4616; RFC 4959; RFC 2971; RFC 5161)."""

from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass

from mailcore.kernel import sasl
from mailcore.kernel.errors import MailError

from .cursor import BadCommand, Cursor

MAX_ID_PAIRS = 30


@dataclass(frozen=True, slots=True)
class Login:
    login: str
    secret: str


@dataclass(frozen=True, slots=True)
class Authenticate:
    mechanism: bytes
    initial: bytes | None
    """Decoded; None where the client waits to be asked."""


def decode_text(data: bytes) -> str:
    """UTF-8 without NUL, as RFC 4616 §2 wants it."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadCommand("That is not UTF-8") from error
    if "\0" in text:
        raise BadCommand("There is a NUL in it")
    return text


def decode_base64(line: bytes) -> bytes:
    try:
        return b64decode(line, validate=True)
    except (Base64Error, ValueError) as error:
        raise BadCommand("That is not base64") from error


def parse_login(cursor: Cursor) -> Login:
    cursor.space()
    login = decode_text(cursor.astring())
    cursor.space()
    return Login(login, decode_text(cursor.astring()))


def parse_authenticate(cursor: Cursor) -> Authenticate:
    cursor.space()
    mechanism = cursor.atom().upper()
    if not cursor.skip(b" "):
        return Authenticate(mechanism, None)
    text = cursor.text[cursor.position :]
    cursor.position = len(cursor.text)
    return Authenticate(mechanism, b"" if text == b"=" else decode_base64(text))


def read_plain(message: bytes) -> Login:
    try:
        return Login(*sasl.read_plain(message))
    except MailError as error:
        raise BadCommand(error.public) from error


def parse_id(cursor: Cursor) -> dict[str, str]:
    """What the client says of itself; values it leaves out are not kept."""
    cursor.space()
    if cursor.text[cursor.position : cursor.position + 3].upper() == b"NIL":
        cursor.position += 3
        return {}
    cursor.expect(b"(")
    fields: dict[str, str] = {}
    while not cursor.skip(b")"):
        if fields:
            cursor.space()
        if len(fields) >= MAX_ID_PAIRS:
            raise BadCommand("More than 30 fields in ID")
        name = cursor.string().decode("utf-8", "replace").lower()
        cursor.space()
        value = cursor.nstring()
        fields[name] = "" if value is None else value.decode("utf-8", "replace")
    return fields


def parse_compress(cursor: Cursor) -> bytes:
    cursor.space()
    return cursor.atom().upper()


def parse_enable(cursor: Cursor) -> list[bytes]:
    names = []
    while cursor.skip(b" "):
        names.append(cursor.atom().upper())
    if not names:
        raise BadCommand("ENABLE what?")
    return names
