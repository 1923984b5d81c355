"""Test messages, built by plain functions with defaults. Line ends are CRLF unless a test says otherwise."""

from collections.abc import Sequence

DATE = "Mon, 02 Mar 2026 09:30:00 +0100"


def headers(
    *,
    sender: str = "Ann Lee <ann@example.org>",
    to: str = "Bo Berg <bo@example.org>",
    subject: str = "Lunch on Friday",
    date: str = DATE,
    message_id: str = "<lunch.1@example.org>",
    extra: Sequence[tuple[str, str]] = (),
) -> bytes:
    """A header block without its blank line. A value of "" leaves that header out."""
    fields = [("From", sender), ("To", to), ("Subject", subject), ("Date", date), ("Message-ID", message_id), *extra]
    return b"".join(f"{name}: {value}\r\n".encode() for name, value in fields if value)


def message(
    *,
    text: str | bytes = "Shall we meet at noon?\r\n",
    content_type: str = "text/plain; charset=utf-8",
    encoding: str = "8bit",
    sender: str = "Ann Lee <ann@example.org>",
    to: str = "Bo Berg <bo@example.org>",
    subject: str = "Lunch on Friday",
    date: str = DATE,
    message_id: str = "<lunch.1@example.org>",
    extra: Sequence[tuple[str, str]] = (),
) -> bytes:
    """A message with one part."""
    typed = [("MIME-Version", "1.0"), ("Content-Type", content_type), ("Content-Transfer-Encoding", encoding)]
    block = headers(sender=sender, to=to, subject=subject, date=date, message_id=message_id, extra=[*extra, *typed])
    return block + b"\r\n" + (text.encode() if isinstance(text, str) else text)


def part(
    body: str | bytes = "part\r\n",
    *,
    content_type: str = "text/plain; charset=utf-8",
    encoding: str = "",
    disposition: str = "",
    extra: Sequence[tuple[str, str]] = (),
) -> bytes:
    """One body part with its headers, for `multipart`."""
    fields = [("Content-Type", content_type), ("Content-Transfer-Encoding", encoding), ("Content-Disposition", disposition), *extra]
    block = b"".join(f"{name}: {value}\r\n".encode() for name, value in fields if value)
    return block + b"\r\n" + (body.encode() if isinstance(body, str) else body)


def multipart(
    *parts: bytes,
    subtype: str = "mixed",
    boundary: str = "frontier",
    preamble: bytes = b"",
    epilogue: bytes = b"",
    closed: bool = True,
    subject: str = "Lunch on Friday",
    extra: Sequence[tuple[str, str]] = (),
) -> bytes:
    """A whole multipart message of `parts`."""
    typed = [("MIME-Version", "1.0"), ("Content-Type", f'multipart/{subtype}; boundary="{boundary}"')]
    return headers(subject=subject, extra=[*extra, *typed]) + b"\r\n" + _join(parts, boundary, preamble, epilogue, closed)


def nested(*parts: bytes, subtype: str = "alternative", boundary: str = "inner", closed: bool = True) -> bytes:
    """A multipart as a part of another."""
    return f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode() + _join(parts, boundary, b"", b"", closed)


def _join(parts: Sequence[bytes], boundary: str, preamble: bytes, epilogue: bytes, closed: bool) -> bytes:
    line = b"--" + boundary.encode()
    body = preamble + b"".join(line + b"\r\n" + one + b"\r\n" for one in parts)
    return body + (line + b"--\r\n" + epilogue if closed else b"")
