"""The letters scripts cause: redirected mail, vacation answers, notifications, and word of a failure to the owner. Pure.

RFC 5230 §5, RFC 3834 §3 (the header of an answer), RFC 5436 §2.7 (of a notification), RFC 5228 §4.2 (redirect).
"""

import re
from dataclasses import dataclass

from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.errors import BadSyntax
from mailcore.mime import building
from mailcore.mime.addresses import list_mailboxes
from mailcore.mime.folding import fold, write_addresses, write_text
from mailcore.sieve import mailto
from mailcore.sieve.actions import Notify, Redirect, Vacation
from mailcore.sieve.letter import Letter

from .deciding import Failure

LOCAL = Origin("local", protocol="LOCAL")
MAX_SUBJECT = 200
_ID = re.compile(r"<[^<>\s]{1,500}>")


@dataclass(frozen=True, slots=True)
class Owner:
    """Who the script belongs to, as its letters are signed."""

    address: str
    name: str = ""

    def __str__(self) -> str:
        return f'"{self.name}" <{self.address}>' if self.name and not re.search(r'["\\\x00-\x1f]', self.name) else self.address


@dataclass(frozen=True, slots=True)
class Outgoing:
    envelope: Envelope
    raw: bytes
    origin: Origin = LOCAL


@dataclass(frozen=True, slots=True)
class Carrier:
    """What of the message on its way a redirected copy keeps."""

    sender: str
    notify: str
    orcpt: str
    smtputf8: bool
    eight_bit: bool


def redirect(action: Redirect, letter: Letter, *, carrier: Carrier, owner: Owner, hold: str = "") -> Outgoing:
    """The message as it came, for another address, from the same sender: what leaves the house gets its own on the way.

    Delivered-To marks it, so that it does not go round (RFC 9228).
    """
    raw = letter.raw if action.header is None else letter.with_header(action.header).raw
    recipient = EnvelopeRecipient(action.address, notify=carrier.notify, orcpt=carrier.orcpt)
    smtputf8 = carrier.smtputf8 or not action.address.isascii()
    envelope = Envelope(carrier.sender, (recipient,), smtputf8=smtputf8, eight_bit=carrier.eight_bit)
    origin = Origin("forward", protocol="LOCAL", headers=(f"Delivered-To: {owner.address}",), hold=hold)
    return Outgoing(envelope, raw, origin)


def vacation(action: Vacation, letter: Letter, *, sender: str, owner: Owner) -> Outgoing | None:
    """The answer to `sender`; None where it cannot be written (a bad MIME entity)."""
    subject = action.subject or f"Auto: {_first(letter, 'subject') or 'your message'}"
    subject = " ".join(subject.split())[:MAX_SUBJECT]
    message_id = _find_id(_first(letter, "message-id"))
    references = [*_ID.findall(_first(letter, "references"))[-20:], *([message_id] if message_id else [])]
    origin = action.sender or str(owner)
    try:
        if action.is_mime:
            raw = _mime_answer(action.reason, subject, sender, origin, message_id, references)
        else:
            raw = building.build(
                sender=origin, to=[sender], subject=subject, text=action.reason, in_reply_to=message_id or None, references=references,
                headers=[("Auto-Submitted", "auto-replied (vacation)"), ("X-Auto-Response-Suppress", "All")],
            )  # fmt: skip
    except BadSyntax:
        return None
    return Outgoing(_envelope(sender), raw)


def _mime_answer(entity: str, subject: str, sender: str, origin: str, message_id: str, references: list[str]) -> bytes:
    """RFC 5230 §4.1, `:mime`: the reason is a MIME entity with its header; only Content- fields of it are taken."""
    text = entity.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    head, blank, body = text.partition("\r\n\r\n")
    fields = re.findall(r"^content-[a-z-]+:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*", head, re.IGNORECASE | re.MULTILINE)
    if not blank or not fields:
        raise BadSyntax("The answer is not a MIME entity.", head[:100])
    lines = [
        fold("From", write_addresses(list_mailboxes(origin))),
        fold("To", write_addresses(list_mailboxes(sender))),
        fold("Subject", write_text(subject)),
        b"Auto-Submitted: auto-replied (vacation)\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n",
        fold("In-Reply-To", [message_id]) if message_id else b"",
        fold("References", references) if references else b"",
    ]
    return b"".join(lines) + "".join(f"{field}\r\n" for field in fields).encode() + b"\r\n" + body.encode() + b"\r\n"


def notify(action: Notify, letter: Letter, *, owner: Owner) -> Outgoing | None:
    """RFC 5436 §2: short word that something came; None where it cannot be written."""
    try:
        target = mailto.parse(action.method)
        subject = target.subject or action.message or f"New mail: {_first(letter, 'subject')}"
        text = target.body or action.message or f"From: {_first(letter, 'from')}\nSubject: {_first(letter, 'subject')}\n"
        raw = building.build(
            sender=action.sender or str(owner), to=target.addresses, subject=" ".join(subject.split())[:MAX_SUBJECT], text=text,
            headers=[
                ("Auto-Submitted", f'auto-notified; owner-email="{owner.address}"'),
                ("Importance", {"1": "high", "3": "low"}.get(action.importance, "normal")),
            ],
        )  # fmt: skip
    except BadSyntax:
        return None
    recipients = tuple(EnvelopeRecipient(address, notify="NEVER") for address in target.addresses)
    smtputf8 = any(not address.isascii() for address in target.addresses)
    return Outgoing(Envelope("", recipients, smtputf8=smtputf8), raw)


def failure_notice(failures: tuple[Failure, ...], letter: Letter, *, owner: Owner, hostname: str) -> Outgoing:
    """To the owner: which script failed, where and why, and that the message is in the inbox (RFC 5228 §2.10.6)."""
    lines = [
        "One of your filters could not be carried out. The message is in your inbox.",
        "",
        *[f"  {failure}" for failure in failures],
        "",
        f"From: {_first(letter, 'from')[:200]}",
        f"Subject: {_first(letter, 'subject')[:200]}",
        "",
        "You are told of this filter once a day at most, until it works again or is changed.",
    ]
    raw = building.build(
        sender=f"Mail filter <MAILER-DAEMON@{hostname}>", to=[owner.address], subject="One of your filters failed", text="\n".join(lines),
        headers=[("Auto-Submitted", "auto-generated")],
    )  # fmt: skip
    return Outgoing(_envelope(owner.address), raw)


def _envelope(recipient: str) -> Envelope:
    """From nobody, so that an answer is never answered or bounced (RFC 3834 §3.3)."""
    return Envelope("", (EnvelopeRecipient(recipient, notify="NEVER"),), smtputf8=not recipient.isascii())


def _first(letter: Letter, name: str) -> str:
    values = letter.values(name)
    return "".join(char for char in values[0] if char.isprintable()) if values else ""


def _find_id(value: str) -> str:
    found = _ID.search(value)
    return found[0] if found else ""
