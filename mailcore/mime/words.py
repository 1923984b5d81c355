"""Encoded words in header text, read the way people write them.

RFC 2047 §2, §6.2, with the usual breakage: multibyte characters split between words, base64
cut in mid-quantum, missing padding, spaces inside the word, words inside quoted strings.
"""

import binascii
import re

from . import charsets

# The classes exclude "?", so each start looks at most four marks ahead: linear on any input.
_WORD = re.compile(r"=\?([^?\s*]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")

MAX_WORD_BYTES = 45


def decode(text: str) -> str:
    """Text with its encoded words decoded; what is not a well-formed word stays as it is."""
    if "=?" not in text:
        return text
    out: list[str] = []
    run = _Run(out)
    position = 0
    for match in _WORD.finditer(text):
        between = text[position : match.start()]
        if between and (not between.isspace() or position == 0):
            run.flush()
            out.append(between)
        run.add(match.group(1).lower(), match.group(2).lower(), match.group(3).encode("utf-8", "replace"))
        position = match.end()
    run.flush()
    out.append(text[position:])
    return "".join(out).replace("\0", "")


class _Run:
    """Adjacent words of one charset, joined before they are decoded."""

    def __init__(self, out: list[str]) -> None:
        self.out = out
        self.charset = ""
        self.chunks: list[bytes] = []
        self.base64: list[bytes] = []
        self.pending = 0

    def add(self, charset: str, encoding: str, payload: bytes) -> None:
        if charset != self.charset:
            self.flush()
            self.charset = charset
        if encoding == "q":
            self._close_base64()
            self.chunks.append(binascii.a2b_qp(payload.replace(b"\n", b"").replace(b"\r", b""), header=True))
            return
        clean = _NOT_BASE64.sub(b"", payload)
        self.base64.append(clean)
        self.pending += len(clean)
        if self.pending % 4 == 0 or b"=" in payload:
            self._close_base64()

    def _close_base64(self) -> None:
        if self.base64:
            self.chunks.append(decode_base64_tail(b"".join(self.base64)))
            self.base64.clear()
            self.pending = 0

    def flush(self) -> None:
        self._close_base64()
        if self.chunks:
            text = charsets.decode(b"".join(self.chunks), self.charset)
            # A decoded line end would let a subject forge a header wherever it is written out again.
            self.out.append(text.replace("\r", "").replace("\n", " "))
            self.chunks.clear()


def decode_base64_tail(clean: bytes) -> bytes:
    """Bytes of base64 that holds alphabet characters only, whatever its padding was."""
    extra = len(clean) % 4
    if extra == 1:
        clean = clean[:-1]
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


def encode(text: str) -> list[str]:
    """`text` as encoded words of at most 75 characters, to be parted by folds; no character is split."""
    words: list[str] = []
    chunk = b""
    for char in text:
        encoded = char.encode("utf-8", "replace")
        if len(chunk) + len(encoded) > MAX_WORD_BYTES:
            words.append(_word(chunk))
            chunk = b""
        chunk += encoded
    if chunk:
        words.append(_word(chunk))
    return words


def _word(chunk: bytes) -> str:
    return f"=?utf-8?b?{binascii.b2a_base64(chunk, newline=False).decode('ascii')}?="
