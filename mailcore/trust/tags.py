"""`tag=value` lists as DKIM, ARC, DMARC, MTA-STS and TLS-RPT write them. RFC 6376 §3.2. Pure."""

import base64
import binascii
import re

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_FOLD = re.compile(r"[ \t]*(?:\r?\n)?[ \t]+")


class BadTags(ValueError):
    """Not a list of tags."""


def parse(text: str) -> dict[str, str]:
    """In order; values without the blanks around them, folding inside turned into one space. BadTags for any fault."""
    found: dict[str, str] = {}
    parts = text.split(";")
    if parts and not parts[-1].strip(" \t\r\n"):
        parts.pop()
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip(" \t\r\n")
        if not equals or not _NAME.match(name):
            raise BadTags(f"no tag: {part.strip()[:40]!r}")
        if name in found:
            raise BadTags(f"{name}= given twice")
        found[name] = _FOLD.sub(" ", value.strip(" \t\r\n"))
    return found


def decode_base64(text: str) -> bytes:
    """BadTags for what is not base64; blanks inside are allowed (RFC 6376 §3.2)."""
    try:
        return base64.b64decode(re.sub(r"[ \t\r\n]", "", text), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadTags("no base64") from error


def read_number(text: str, *, digits: int = 12) -> int:
    if not re.fullmatch(rf"[0-9]{{1,{digits}}}", text):
        raise BadTags(f"no number: {text[:20]!r}")
    return int(text)
