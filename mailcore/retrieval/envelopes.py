"""To whom a collected message goes: the mailbox, or whom its envelope header names (multidrop)."""

from mailcore.directory import addresses
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient
from mailcore.kernel.errors import BadSyntax, LimitReached
from mailcore.mime.headers import Headers

HEADERS = ("X-Envelope-To", "Envelope-To", "X-Original-To", "Delivered-To")
AUTO = "auto"
MAX_RECIPIENTS = 50
_LEADS_SOMEWHERE = frozenset({addresses.Kind.MAILBOX, addresses.Kind.ALIAS, addresses.Kind.LIST, addresses.Kind.CATCH_ALL})


def make_envelope(fields: Headers, *, mailbox: str, envelope_header: str, domain: str, eight_bit: bool) -> Envelope:
    """Nobody is ever told of a failure: it was another server that answered for this message."""
    named = find_recipients(fields, envelope_header, domain) if envelope_header else []
    recipients = tuple(EnvelopeRecipient(address, notify="NEVER") for address in named or [mailbox])
    return Envelope(sender=find_sender(fields), recipients=recipients, eight_bit=eight_bit)


def find_sender(fields: Headers) -> str:
    """The Return-Path the other server wrote; "" where there is none that can be used."""
    text = (fields.get_text("return-path") or "").strip().strip("<>")
    try:
        return str(MailAddress.parse(text)) if text else ""
    except BadSyntax:
        return ""


def find_recipients(fields: Headers, wanted: str, domain: str) -> list[str]:
    """Addresses of this domain, and of this house, in the topmost such header: what is below may be a sender's invention."""
    for name in HEADERS if wanted == AUTO else (wanted,):
        text = fields.get_text(name)
        if text is not None:
            return _read(text, domain)
    return []


def _read(text: str, domain: str) -> list[str]:
    found: dict[str, None] = {}
    for word in text.replace(";", ",").split(",")[:MAX_RECIPIENTS]:
        try:
            address = MailAddress.parse(word.strip().strip("<>"))
            if address.domain == domain and addresses.resolve(address).kind in _LEADS_SOMEWHERE:
                found[str(address)] = None
        except (BadSyntax, LimitReached):
            continue
    return list(found)


def is_known_header(name: str) -> bool:
    return name == AUTO or name in HEADERS
