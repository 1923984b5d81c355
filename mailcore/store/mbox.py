"""mbox files (RFC 4155), read in every common dialect and written as mboxrd.

A message begins at a "From " line at the start or after an empty line. Flags are taken from the
Status and X-Status headers that mail programs leave there, keywords from X-Keywords.
"""

import calendar
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mailcore.kernel.flags import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN
from mailcore.mime.headers import Headers

from .found import Failure, Found, FoundMessage, find_fault, to_wire

STATUS = {"R": SEEN}
X_STATUS = {"A": ANSWERED, "F": FLAGGED, "D": DELETED, "T": DRAFT}
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_TO_QUOTE = re.compile(rb"^(>*From )", re.MULTILINE)
_DATE = re.compile(rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\w{3}) +(\d{1,2}) (\d\d):(\d\d)(?::(\d\d))?(?: [A-Z]+)?(?: [+-]\d{4})? (\d{4})")
_MONTHS = {name.encode(): number for number, name in enumerate(calendar.month_abbr) if name}


def is_mbox(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(5) == b"From "


def read(path: Path, folder: str) -> Iterator[Found]:
    try:
        with path.open("rb") as file:
            for number, (first, body) in enumerate(_split(file), 1):
                yield _make(f"{path} (message {number})", folder, first, body)
    except OSError as error:
        yield Failure(str(path), f"it cannot be read: {error.strerror}")


def _split(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """("From " line, bytes of the message), one message in memory at a time."""
    first = b""
    lines: list[bytes] = []
    is_after_blank = True
    for line in file:
        if is_after_blank and line.startswith(b"From "):
            if first:
                yield first, _join(lines)
            first, lines = line, []
        else:
            lines.append(line)
        is_after_blank = not line.strip(b"\r\n")
    if first or lines:
        yield first, _join(lines)


def _join(lines: list[bytes]) -> bytes:
    """Without the empty line that ends a message in the file."""
    if lines and not lines[-1].strip(b"\r\n"):
        lines.pop()
    return b"".join(lines)


def _make(source: str, folder: str, first: bytes, body: bytes) -> Found:
    raw = to_wire(_QUOTED.sub(rb"\1", body))
    fault = find_fault(raw)
    if fault:
        return Failure(source, fault)
    headers = Headers.parse(raw)
    flags = sum(STATUS.get(letter, 0) for letter in set(headers.get("status") or ""))
    flags |= sum(X_STATUS.get(letter, 0) for letter in set(headers.get("x-status") or ""))
    keywords = frozenset((headers.get("x-keywords") or "").replace(",", " ").split())
    return FoundMessage(source=source, folder=folder, raw=raw, flags=flags, keywords=keywords, internaldate=_read_date(first))


def _read_date(line: bytes) -> int | None:
    match = _DATE.search(line)
    if match is None or match[1] not in _MONTHS:
        return None
    day, hour, minute, second, year = (int(match[group] or 0) for group in (2, 3, 4, 5, 6))
    return max(0, calendar.timegm((year, _MONTHS[match[1]], day, hour, minute, second)))


def write(file: BinaryIO, message: FoundMessage) -> None:
    """Add one message, with LF line ends and its state in Status and X-Status."""
    when = time.asctime(time.gmtime(message.internaldate or 0))
    letters = "".join(letter for letter, bit in X_STATUS.items() if message.flags & bit)
    state = f"Status: {'RO' if message.flags & SEEN else 'O'}\n"
    state += f"X-Status: {letters}\n" if letters else ""
    state += f"X-Keywords: {' '.join(sorted(message.keywords))}\n" if message.keywords else ""
    body = _TO_QUOTE.sub(rb">\1", message.raw.replace(b"\r\n", b"\n"))
    end = b"\n" if body.endswith(b"\n") else b"\n\n"
    file.write(f"From MAILER-DAEMON {when}\n".encode() + state.encode() + body + end)
