"""The MAIL and RCPT lines of one message, as far as the peer's offers carry them.

RFC 5321 §4.1.1.2, RFC 1870, RFC 6152, RFC 3461, RFC 6531 §3, RFC 8689 §2,
RFC 2852 §4.
"""

import re
from dataclasses import dataclass

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient
from mailcore.kernel.errors import BadSyntax

from .actions import OutgoingMessage
from .offers import Offers

_UNSAFE = re.compile(r"[\x00-\x20\x7f<>]")
_LARGEST_BY = 999_999_999
_UNSAFE_IN_QUOTES = re.compile(r"[\x00-\x1f\x7f]")


class CannotSend(Exception):
    """This message, or this recipient, cannot go to this peer; never will."""

    def __init__(self, code: int, enhanced: str, text: str) -> None:
        super().__init__(text)
        self.code, self.enhanced, self.text = code, enhanced, text


@dataclass(frozen=True, slots=True)
class Plan:
    mail: bytes
    recipients: tuple["bytes | CannotSend", ...]


def plan(message: OutgoingMessage, offers: Offers, *, is_last: bool = False) -> Plan:
    """Raises CannotSend where no recipient can be tried. `is_last`: the peer keeps the message itself (LMTP)."""
    envelope = message.envelope
    if offers.max_size and len(message.raw) > offers.max_size:
        raise CannotSend(552, "5.3.4", f"The message has {len(message.raw)} octets and the server takes {offers.max_size}")
    sender = _wire(envelope.sender) if envelope.sender else ""
    needs_unicode = not sender.isascii() or (envelope.smtputf8 and not _header(message.raw).isascii())
    unicode = "SMTPUTF8" in offers
    if needs_unicode and not unicode:
        raise CannotSend(553, "5.6.7", "The message needs SMTPUTF8 and the server does not offer it")
    recipients = tuple(_rcpt(recipient, offers) for recipient in envelope.recipients)
    needs_unicode = needs_unicode or any(isinstance(line, bytes) and not line.isascii() for line in recipients)
    _check_time(message, offers, is_last=is_last)
    return Plan(_mail(message, sender, offers, unicode=needs_unicode), recipients)


def _check_time(message: OutgoingMessage, offers: Offers, *, is_last: bool) -> None:
    """RFC 2852 §4.1.4: what is to be returned when its time has passed goes only to who does so in turn."""
    if message.envelope.by_mode != "R":
        return
    if message.by_left <= 0:
        raise CannotSend(550, "5.4.7", "The time its sender set for the delivery has passed")
    if "DELIVERBY" not in offers and not is_last:
        raise CannotSend(550, "5.3.3", "Delivery in a set time was asked for and the server does not offer it")
    if message.by_left < offers.least_by:
        raise CannotSend(550, "5.4.7", f"Too little time is left: the server asks for {offers.least_by} seconds")


def _mail(message: OutgoingMessage, sender: str, offers: Offers, *, unicode: bool) -> bytes:
    envelope: Envelope = message.envelope
    words = [f"MAIL FROM:<{sender}>"]
    if "SIZE" in offers:
        words.append(f"SIZE={len(message.raw)}")
    # To a peer without 8BITMIME the octets go out as they are, as other servers do: nearly every one
    # keeps them, and rewriting the body would break its signatures.
    if "8BITMIME" in offers and (envelope.eight_bit or not message.raw.isascii()):
        words.append("BODY=8BITMIME")
    if unicode:
        words.append("SMTPUTF8")
    if envelope.requiretls:
        if "REQUIRETLS" not in offers:
            raise CannotSend(550, "5.7.30", "REQUIRETLS was asked for and the server does not offer it")
        words.append("REQUIRETLS")
    if envelope.by_mode and "DELIVERBY" in offers:
        left = max(-_LARGEST_BY, min(_LARGEST_BY, message.by_left))
        words.append(f"BY={left};{envelope.by_mode}{'T' if envelope.by_trace else ''}")
    if "DSN" in offers:
        words.extend([f"RET={envelope.ret}"] if envelope.ret else [])
        words.extend([f"ENVID={envelope.envid}"] if envelope.envid else [])
    return _line(words)


def _rcpt(recipient: EnvelopeRecipient, offers: Offers) -> "bytes | CannotSend":
    try:
        address = _wire(recipient.address)
        unicode = "SMTPUTF8" in offers
        if not address.isascii() and not unicode:
            return CannotSend(553, "5.6.7", "The address needs SMTPUTF8 and the server does not offer it")
        words = [f"RCPT TO:<{address}>"]
        if "DSN" in offers:
            words.extend([f"NOTIFY={recipient.notify}"] if recipient.notify else [])
            words.extend([f"ORCPT={recipient.orcpt}"] if recipient.orcpt and (unicode or recipient.orcpt.isascii()) else [])
        return _line(words)
    except CannotSend as error:
        return error


def _wire(address: str) -> str:
    """The address as it goes out: its domain as A-label where the rest is ASCII."""
    if not address.isascii():
        try:
            parsed = str(MailAddress.parse(address))
        except BadSyntax as error:
            raise CannotSend(553, "5.1.3", error.public) from error
        address = parsed if parsed.isascii() else address
    unsafe = _UNSAFE_IN_QUOTES if address.startswith('"') else _UNSAFE
    if unsafe.search(address):
        raise CannotSend(553, "5.1.3", "The address holds a character that cannot be sent")
    return address


def _line(words: list[str]) -> bytes:
    if any(_UNSAFE_IN_QUOTES.search(word) for word in words):
        raise CannotSend(553, "5.5.4", "A parameter holds a control character")
    return (" ".join(words) + "\r\n").encode()


def _header(raw: bytes) -> bytes:
    end = raw.find(b"\r\n\r\n")
    return raw if end < 0 else raw[:end]
