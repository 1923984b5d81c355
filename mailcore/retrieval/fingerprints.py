"""How a message is known again when a server has numbered its messages anew: by Message-ID and size."""

import hashlib

from mailcore.mime.headers import Headers


def fingerprint(header: bytes, *, size: int) -> str:
    """`header` is a whole message, or the lines of one that say who it is. Without a Message-ID: date, author and subject."""
    fields = Headers.parse(header)
    names = ("message-id",) if fields.unfolded("message-id") else ("date", "from", "subject")
    known_by = [fields.unfolded(name) for name in names]
    text = b"\n".join(b" ".join((value or b"").split()) for value in known_by)
    return hashlib.blake2b(b"%d\n%s" % (size, text), digest_size=16).hexdigest()
