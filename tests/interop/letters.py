"""What is sent: each is awkward in its own way, and none may change by an octet."""

import base64


def _letter(name: str, body: bytes, *extra: str) -> bytes:
    head = [
        "From: Eve <eve@elsewhere.test>", "To: someone@interop.test", f"Subject: {name}",
        "Date: Tue, 03 Mar 2026 10:00:00 +0100", f"Message-ID: <{name}@elsewhere.test>", *extra,
    ]  # fmt: skip
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


_PICTURE = base64.encodebytes(bytes(range(256)) * 12).replace(b"\n", b"\r\n")

PLAIN = _letter("plain", b"Good day\r\n")
DOTS = _letter("dots", b".\r\n..\r\n.hidden\r\n\r\n.\r\n...\r\nFrom here on\r\n")
EMPTY = _letter("empty", b"")
LONG_LINE = _letter("long-line", b"x" * 990 + b"\r\n" + b"y" * 990 + b"\r\n")
WHITE = _letter("white", b"trailing  \r\n\t\r\n\r\n\r\n", "X-Odd:  two blanks ", "X-Folded: one", "\ttwo", "  three")
EIGHT_BIT = _letter(
    "eight-bit", "Grüße, 你好, привет\r\n".encode(), "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
)  # fmt: skip
ATTACHED = _letter(
    "attached",
    b"--edge\r\nContent-Type: text/plain\r\n\r\nSee the picture.\r\n"
    b"--edge\r\nContent-Type: image/png; name=dot.png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + _PICTURE + b"--edge--\r\n",
    "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="edge"',
)  # fmt: skip

LETTERS = (PLAIN, DOTS, EMPTY, LONG_LINE, WHITE, EIGHT_BIT, ATTACHED)
TAME = (PLAIN, DOTS, WHITE, ATTACHED)
"""For programs that themselves cannot bear the others."""
