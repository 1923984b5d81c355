"""Small messages for the store's tests."""

from itertools import count

_serial = count(1)


def letter(
    *, subject: str = "Hello", sender: str = "Ann <ann@example.org>", to: str = "bo@example.org", body: str = "Good day.\r\n",
    message_id: str = "", references: str = "", extra: str = "",
) -> bytes:  # fmt: skip
    """A plain message; each call gives other bytes unless `message_id` is set."""
    message_id = message_id or f"<{next(_serial)}@letters.example>"
    header = (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Mon, 02 Mar 2026 23:30:00 -0500\r\nMessage-ID: {message_id}\r\n"
        + (f"References: {references}\r\n" if references else "")
        + extra
        + "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return header.encode() + body.encode()
