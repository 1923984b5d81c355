"""The IMAP ENVELOPE of a message, ready to send.

RFC 9051 §7.5.2: date, subject, from, sender, reply-to, to, cc, bcc, in-reply-to, message-id.
Values are unfolded but not decoded; Sender and Reply-To default to From.
"""

from . import addresses
from .headers import Headers, unfold
from .parts import Message
from .wire import nstring, string


def envelope(message: Message) -> bytes:
    return envelope_of(message.headers)


def envelope_of(headers: Headers) -> bytes:
    sender = _addresses(headers, "from")
    return b"(%b)" % b" ".join(
        (
            nstring(headers.unfolded("date")),
            nstring(headers.unfolded("subject")),
            sender,
            _addresses(headers, "sender", sender),
            _addresses(headers, "reply-to", sender),
            _addresses(headers, "to"),
            _addresses(headers, "cc"),
            _addresses(headers, "bcc"),
            nstring(headers.unfolded("in-reply-to")),
            nstring(headers.unfolded("message-id")),
        )
    )


def _addresses(headers: Headers, name: str, default: bytes = b"NIL") -> bytes:
    fields = headers.get_fields(name)
    if not fields:
        return default
    # Latin-1 carries every byte through the parser unchanged, whatever the charset was.
    value = b", ".join(unfold(field.value) for field in fields).decode("latin-1")
    entries = addresses.parse(value, decode=False)
    if not entries:
        return default
    return b"(%b)" % b"".join(map(_address, entries))


def _address(entry: addresses.Entry) -> bytes:
    """A group's ends are addresses without host (RFC 9051 §7.5.2), so a missing domain is "", not NIL."""
    if isinstance(entry, addresses.Mailbox):
        return b"(%b %b %b %b)" % (
            string(entry.name.encode("latin-1")) if entry.name else b"NIL",
            string(entry.route.encode("latin-1")) if entry.route else b"NIL",
            string(entry.local.encode("latin-1")),
            string(entry.domain.encode("latin-1")),
        )
    if isinstance(entry, addresses.GroupStart):
        return b"(NIL NIL %b NIL)" % string(entry.name.encode("latin-1"))
    return b"(NIL NIL NIL NIL)"
