"""New messages as bytes ready for transfer: CRLF, lines within 998 octets, ASCII unless an address is not.

RFC 5322 §3.6, RFC 2045, RFC 2046, RFC 6532. The body goes through the standard library's
EmailMessage, the message's own headers through `folding`: the library encodes a long
Message-ID as an encoded word and loses the quotes of a name with a comma. A line break or NUL
in any header value is refused with BadSyntax: it is how one header becomes two.
"""

import re
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax

from . import addresses
from .folding import fold, write_addresses, write_text

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NAME = re.compile(r"[!-9;-~]{1,200}\Z")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>\Z")
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}\Z")
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_BYTE_LINE_ENDS = re.compile(rb"\r\n|\r|\n")
# cte_type 7bit: what is not ASCII travels as quoted-printable or base64, through any relay.
_POLICY = SMTP.clone(cte_type="7bit")
_OWN = frozenset(("from", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to", "references", "mime-version"))


@dataclass(frozen=True, slots=True)
class Attachment:
    filename: str
    content_type: str
    data: bytes
    content_id: str = ""
    """Without brackets; a part with one is shown in the HTML as `cid:…` (RFC 2392)."""


def build(
    *,
    sender: str,
    to: Sequence[str] = (),
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    reply_to: Sequence[str] = (),
    subject: str = "",
    text: str = "",
    html: str | None = None,
    attachments: Sequence[Attachment] = (),
    in_reply_to: str | None = None,
    references: Sequence[str] = (),
    message_id: str | None = None,
    date: float | None = None,
    headers: Iterable[tuple[str, str]] = (),
    keep_bcc: bool = False,
) -> bytes:
    """A whole message. Addresses are `a@b` or `Name <a@b>`; `date` is seconds since the epoch.

    `bcc` is written only with keep_bcc, for drafts. Raises BadSyntax for an address, id or
    header that cannot be written.
    """
    parsed_sender = _read_addresses([sender])
    if len(parsed_sender) != 1:
        raise BadSyntax("A message has one sender.", repr(sender))
    top = [
        ("Date", [_write_date(time.time() if date is None else date)]),
        ("Message-ID", [_check_id(message_id) if message_id else new_message_id(parsed_sender[0].domain)]),
        ("In-Reply-To", [_check_id(in_reply_to)] if in_reply_to else []),
        ("References", [_check_id(reference) for reference in references]),
        ("From", write_addresses(parsed_sender)),
        ("Reply-To", write_addresses(_read_addresses(reply_to))),
        ("To", write_addresses(_read_addresses(to))),
        ("Cc", write_addresses(_read_addresses(cc))),
        ("Bcc", write_addresses(_read_addresses(bcc)) if keep_bcc else []),
        ("Subject", write_text(_check(subject, "subject"))),
        *_read_headers(headers),
    ]
    message = EmailMessage(policy=_POLICY)
    try:
        _fill(message, text, html, attachments)
        body = message.as_bytes(policy=_POLICY)
    except (ValueError, LookupError, TypeError, MessageError) as error:
        raise BadSyntax("That message cannot be written.", repr(error)) from error
    return b"".join(fold(name, pieces) for name, pieces in top if pieces) + body


def new_message_id(domain: str) -> str:
    return f"<{uuid.uuid4().hex}@{domain if domain.isascii() and domain else 'localhost'}>"


def _read_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for name, value in headers:
        if not _NAME.match(name) or name.lower() in _OWN or name.lower().startswith("content-"):
            raise BadSyntax("That header cannot be set.", repr(name))
        found.append((name, write_text(_check(value, name))))
    return found


def _write_date(seconds: float) -> str:
    try:
        # -0000 would say that the zone is unknown (RFC 5322 §3.3).
        return formatdate(seconds).replace("-0000", "+0000")
    except (ValueError, OverflowError, OSError) as error:
        raise BadSyntax("That date cannot be written.", repr(seconds)) from error


def _check_id(value: str) -> str:
    value = value.strip(" ")
    if not _MESSAGE_ID.match(value):
        raise BadSyntax("That is not a message id.", repr(value))
    return value


def _check(value: str, name: str) -> str:
    if _CONTROL.search(value):
        raise BadSyntax("A header value cannot hold line breaks.", f"{name}: {value!r}")
    return value.encode("utf-8", "replace").decode("utf-8")


def _read_addresses(values: Sequence[str]) -> list[addresses.Mailbox]:
    found: list[addresses.Mailbox] = []
    for value in values:
        _check(value, "address")
        read = addresses.list_mailboxes(value)
        if not read:
            raise BadSyntax("An address has the form name@domain.", repr(value))
        for mailbox in read:
            # The reader forgives blanks in a domain; sending to a guess is another matter.
            if mailbox.domain not in value:
                raise BadSyntax("An address has the form name@domain.", repr(value))
            parsed = MailAddress.parse(f"{_quote(mailbox.local)}@{mailbox.domain}")
            found.append(addresses.Mailbox(_check(mailbox.name, "name"), parsed.local, parsed.domain))
    return found


def _quote(local: str) -> str:
    return '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"' if local else ""


def _fill(message: EmailMessage, text: str, html: str | None, attachments: Sequence[Attachment]) -> None:
    message.set_content(_clean(text))
    shown = [attachment for attachment in attachments if attachment.content_id and html is not None]
    if html is not None:
        message.add_alternative(_clean(html), subtype="html")
        payload = message.get_payload()
        page = payload[1] if isinstance(payload, list) else None
        for attachment in shown:
            if isinstance(page, EmailMessage):
                kind, subtype = _split_type(attachment.content_type)
                page.add_related(
                    attachment.data,
                    kind,
                    subtype,
                    cid=f"<{_check(attachment.content_id, 'content id').strip('<> ')}>",
                    filename=_check(attachment.filename, "file name") or None,
                    disposition="inline",
                )
    for attachment in attachments:
        if attachment not in shown:
            _attach(message, attachment)


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    kind, subtype = _split_type(attachment.content_type)
    filename = _check(attachment.filename, "file name")
    if f"{kind}/{subtype}" == "message/rfc822" and _is_plain(attachment.data):
        # RFC 2046 §5.2.1: a message is attached as it is, never in base64; nothing of it is written anew.
        part = EmailMessage(policy=message.policy)
        part["Content-Type"] = "message/rfc822"
        part.add_header("Content-Disposition", "attachment", filename=filename or "message.eml")
        part.set_payload(_BYTE_LINE_ENDS.sub(b"\r\n", attachment.data).decode("ascii"))
        if message.get_content_type() != "multipart/mixed":
            message.make_mixed()
        message.attach(part)
        return
    if kind in ("message", "multipart"):
        kind, subtype = "application", "octet-stream"
    message.add_attachment(attachment.data, kind, subtype, filename=filename or None)


def _is_plain(data: bytes) -> bool:
    """May travel as 7bit: ASCII without NULs, lines within 998 octets."""
    return data.isascii() and b"\0" not in data and all(len(line) <= 998 for line in data.splitlines())


def _split_type(content_type: str) -> tuple[str, str]:
    if not _TYPE.match(content_type):
        return "application", "octet-stream"
    kind, _, subtype = content_type.lower().partition("/")
    return kind, subtype


def _clean(text: str) -> str:
    return _LINE_ENDS.sub("\n", text).replace("\0", "").encode("utf-8", "replace").decode("utf-8")
