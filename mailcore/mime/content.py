"""A part's content with its transfer encoding undone, as bytes or as text.

RFC 2045 §6.7–6.8, and uuencode as old programs send it. Broken encodings give what can be read.
"""

import binascii
import re

from . import charsets
from .parts import Part
from .words import decode_base64_tail

_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_PADDING = re.compile(rb"=+")
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} [^\n]*\n", re.MULTILINE)
_SOFT_BREAK_BLANKS = re.compile(rb"=[ \t]+(?=\r?\n)")
_UU = frozenset(("x-uuencode", "uuencode", "x-uue", "uue"))


def decoded(raw: bytes, part: Part, limit: int | None = None) -> bytes:
    """The part's bytes. With `limit`, at most about the first `limit` encoded bytes are read."""
    end = part.body_end if limit is None else min(part.body_end, part.body_start + limit)
    body = raw[part.body_start : end]
    if part.encoding == "base64":
        return decode_base64(body)
    if part.encoding == "quoted-printable":
        return decode_quoted_printable(body)
    if part.encoding in _UU:
        return decode_uu(body)
    return body


def text_of(raw: bytes, part: Part, limit: int | None = None) -> str:
    """The part as text in its charset, line ends as LF, without NULs."""
    text = charsets.decode(decoded(raw, part, limit), part.params.get("charset"))
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "") if "\0" in text else text


def decode_base64(body: bytes) -> bytes:
    """Strangers to the alphabet are skipped, padding in the middle joins what was encoded apart."""
    clean = body.translate(None, _NOT_BASE64)
    if b"=" not in clean.rstrip(b"="):
        return decode_base64_tail(clean.rstrip(b"="))
    return b"".join(map(decode_base64_tail, _PADDING.split(clean)))


def decode_quoted_printable(body: bytes) -> bytes:
    if b"= " in body or b"=\t" in body:
        body = _SOFT_BREAK_BLANKS.sub(b"=", body)
    return binascii.a2b_qp(body)


def decode_uu(body: bytes) -> bytes:
    """The first uuencoded file in the body; the body itself where there is none."""
    begin = _UU_BEGIN.search(body)
    if begin is None:
        return body
    out: list[bytes] = []
    for line in body[begin.end() :].splitlines():
        if line.strip() in (b"end", b"`"):
            break
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Lines padded or cut by a gateway: read as many bytes as the count promises.
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
            try:
                out.append(binascii.a2b_uu(line[:wanted]))
            except binascii.Error:
                break
    return b"".join(out)
