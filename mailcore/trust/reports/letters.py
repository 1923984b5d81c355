"""The reports we send, as bytes of messages. RFC 7489 §7.2.1.1, RFC 8460 §5.3. Pure."""

import base64
import gzip
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime


@dataclass(frozen=True, slots=True)
class Letter:
    sender: str
    to: str
    subject: str
    message_id: str
    at: int
    text: str
    data: bytes
    filename: str
    content_type: str
    headers: tuple[str, ...] = ()
    container: str = "mixed"
    """Of multipart, with its parameters but the boundary."""


def build(letter: Letter) -> bytes:
    packed = gzip.compress(letter.data, mtime=letter.at)
    encoded = base64.b64encode(packed).decode("ascii")
    lines = "\r\n".join(encoded[start : start + 76] for start in range(0, len(encoded), 76))
    boundary = f"=_{letter.message_id.partition('@')[0]}"
    head = [
        f"From: {letter.sender}",
        f"To: {letter.to}",
        f"Subject: {letter.subject}",
        f"Date: {format_datetime(datetime.fromtimestamp(letter.at, UTC))}",
        f"Message-ID: <{letter.message_id}>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        *letter.headers,
        f'Content-Type: multipart/{letter.container};\r\n\tboundary="{boundary}"',
    ]
    parts = [
        f"--{boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n{letter.text}\r\n",
        f"--{boundary}\r\nContent-Type: {letter.content_type}\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment;\r\n\tfilename="{letter.filename}"\r\n\r\n{lines}\r\n',
        f"--{boundary}--\r\n",
    ]
    return ("\r\n".join(head) + "\r\n\r\n" + "".join(parts)).encode("ascii", "replace")
