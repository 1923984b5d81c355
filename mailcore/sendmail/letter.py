"""What comes on standard input, made into a message: line ends, recipients of the header, Bcc taken out, From put in. Pure.

RFC 5322 §3.6.3 (address fields), §3.6.6 (with Resent fields, those alone are meant), §2.3 (no line end but CRLF).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from email.header import Header
from email.utils import formataddr, getaddresses

from mailcore.kernel.errors import BadSyntax
from mailcore.trust import fields

_TO = (b"to", b"cc", b"bcc")
_RESENT = (b"resent-to", b"resent-cc", b"resent-bcc")


@dataclass(frozen=True, slots=True)
class Letter:
    raw: bytes
    recipients: tuple[str, ...]
    """Of the header; empty where it was not read."""


def read(data: bytes, *, reads_header: bool, ignores_dots: bool, sender: str, full_name: str) -> Letter:
    """BadSyntax where a line ends in a lone CR, or a recipient of the header is no address."""
    lines = data.replace(b"\r\n", b"\n").split(b"\n")
    if not ignores_dots and b"." in lines:
        lines = [*lines[: lines.index(b".")], b""]
    if lines and lines[0].startswith(b"From "):
        lines.pop(0)  # the first line of an mbox, which is no header field
    raw = b"\r\n".join(lines)
    if b"\r" in raw.replace(b"\r\n", b""):
        raise BadSyntax("A line of the message ends in a lone carriage return.")
    raw = raw if raw.endswith(b"\r\n") or not raw else raw + b"\r\n"
    if not _has_header(raw):
        raw = b"\r\n" + raw
    found, _ = fields.split(raw)
    wanted = _RESENT if any(one.name in _RESENT for one in found) else _TO
    recipients = tuple(dict.fromkeys(address for one in found if one.name in wanted for address in _addresses(one))) if reads_header else ()
    end, _ = fields.find_body(raw)
    hidden = (b"bcc", b"resent-bcc") if reads_header else ()
    kept = b"".join(one.raw for one in found if one.name not in hidden)
    head = b"" if any(one.name == b"from" for one in found) else _from_line(sender, full_name)
    return Letter(head + kept + (raw[end:] or b"\r\n"), recipients)


def _has_header(raw: bytes) -> bool:
    """Text that does not begin with a field is all body."""
    found, _ = fields.split(raw)
    return raw.startswith(b"\r\n") or (bool(found) and found[0].name != b"" and b" " not in found[0].name)


def _addresses(one: fields.Field) -> Sequence[str]:
    text = fields.unfold(one.value).decode("utf-8", "replace")
    pairs = getaddresses([text])
    if text and any(not address for _, address in pairs):
        raise BadSyntax(f"{one.name.decode().title()}: {text[:200]} cannot be read.")
    return [address for _, address in pairs]


def _from_line(sender: str, full_name: str) -> bytes:
    if not sender:
        return b""
    name = full_name if full_name.isascii() else Header(full_name, "utf-8").encode()
    shown = formataddr((" ".join(name.split()), sender)) if sender.isascii() else f"<{sender}>"
    return f"From: {shown}\r\n".encode()
