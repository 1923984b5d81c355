"""Sending: from a letter that is written to the one door in, with a copy kept and a way back while it waits."""

import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime

from django.utils.translation import gettext as _

from mailcore.delivery import intake, routing
from mailcore.kernel import flags
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.errors import BadSyntax, MailError, NotFound
from mailcore.mime.building import new_message_id

from . import correspondents, drafting, identities, limits
from .access.opening import Owner
from .access.port import MailAccess
from .identities import Sender
from .models import Outgoing
from .recipients import FIELDS, NO_FAULTS, Faults, Recipients, read_recipients
from .writing import Place, Writing, build_message, collect_files, make_id

SCHEDULED = "Scheduled"
"""The folder of copies whose time has not come."""
LONGEST_WAIT = 366 * 24 * 3600
_BCC = re.compile(rb"(?im)^bcc:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*")


@dataclass(frozen=True, slots=True)
class Sending:
    peer: str
    wait: int = 0
    """Seconds in which it can be called back."""
    leave_at: int = 0
    """Seconds since the epoch; 0 is as soon as the wait is over."""
    collects: bool = True


@dataclass(frozen=True, slots=True)
class Sent:
    faults: Faults = NO_FAULTS
    trace_id: str = ""
    outgoing_id: int = 0
    """Where it can still be called back."""


def send(*, writing: Writing, owner: Owner, mail: MailAccess, how: Sending) -> Sent:
    """Give it to the intake, keep a copy, mark what it answers. Nothing is sent where there are faults.

    Throttled where the writer may send no more for now.
    """
    recipients, faults = read_recipients({name: getattr(writing, name) for name in FIELDS})
    sender = _sender(writing, owner)
    if sender is None:
        faults = Faults(faults.fields | {"from": _("You may no longer write from this address. Choose another.")})
    faults = faults or _check_time(how)
    if faults or sender is None:
        return Sent(faults)
    copied = _with_identity_bcc(writing, sender)
    recipients = read_recipients({name: getattr(copied, name) for name in FIELDS})[0]
    place = drafting.place_of(drafting.find_row(writing.key, owner), writing, mail)
    message_id = make_id(sender)
    copy = build_message(copied, sender, collect_files(copied, mail, place), message_id=message_id, date=float(how.leave_at) or None)
    raw = strip_bcc(copy)
    faults = _check(recipients, owner, len(raw))
    if faults:
        return Sent(faults)
    origin = _admitted(owner, how.peer, recipients)
    trace_id = intake.accept(envelope=_envelope(copied, sender, recipients, how), raw=raw, origin=origin)
    outgoing_id = _keep_copy(copied, owner, mail, copy, how, trace_id, message_id)
    drafting.discard(writing=writing, owner=owner, mail=mail)
    _mark_source(writing, mail)
    if how.collects:
        correspondents.note(user_id=owner.principal.user_id, text=", ".join(getattr(writing, name) for name in FIELDS))
    return Sent(trace_id=trace_id, outgoing_id=outgoing_id)


def redirect(*, place: Place, to: str, owner: Owner, mail: MailAccess, peer: str) -> Faults:
    """Send a message on as it is, its own sender kept (RFC 5322 §3.6.6)."""
    recipients, faults = read_recipients({"to": to})
    faults = faults or _check(recipients, owner, 0)
    if faults:
        return faults
    person = identities.list_senders(owner)[0].person
    lines = (
        f"Resent-Date: {format_datetime(datetime.now(UTC))}\r\nResent-From: {person.address}\r\n"
        f"Resent-To: {', '.join(recipients.by_field['to'])}\r\nResent-Message-ID: {new_message_id(person.address.rpartition('@')[2])}\r\n"
    )
    raw = lines.encode("utf-8") + mail.read_raw(place.folder, place.uid)
    sender = Sender("", person)
    origin = _admitted(owner, peer, recipients)
    intake.accept(envelope=_envelope(Writing(), sender, recipients, Sending(peer)), raw=raw, origin=origin)
    mail.set_flag(place.folder, [place.uid], keyword="$Redirected", on=True)
    return Faults()


def strip_bcc(raw: bytes) -> bytes:
    """What the recipients get: the same bytes without the Bcc field."""
    head, gap, body = raw.partition(b"\r\n\r\n")
    return _BCC.sub(b"", head + b"\r\n")[:-2] + gap + body


def _sender(writing: Writing, owner: Owner) -> Sender | None:
    senders = identities.list_senders(owner)
    return identities.find(senders, writing.sender_key, owner) if writing.sender_key else senders[0]


def _with_identity_bcc(writing: Writing, sender: Sender) -> Writing:
    always = ", ".join(filter(None, (writing.bcc, sender.bcc)))
    return replace(writing, bcc=always, reply_to=writing.reply_to or sender.reply_to)


def _check_time(how: Sending) -> Faults:
    now = int(time.time())
    if how.leave_at and how.leave_at <= now:
        return Faults({"when": _("That time has passed.")})
    if how.leave_at > now + LONGEST_WAIT:
        return Faults({"when": _("Choose a time within a year.")})
    return Faults()


def _check(recipients: Recipients, owner: Owner, size: int) -> Faults:
    faults: dict[str, str] = {}
    for name, found in recipients.by_field.items():
        for address in found:
            try:
                routing.check_recipient(address=address, principal=owner.principal, size=size)
            except MailError as error:
                faults.setdefault(name, f"{address}: {_(error.public)}")
    return Faults(faults)


def _envelope(writing: Writing, sender: Sender, recipients: Recipients, how: Sending) -> Envelope:
    addresses = dict.fromkeys(recipients.values_in_order())
    notify = "SUCCESS,FAILURE,DELAY" if writing.wants_report else ""
    hold = how.leave_at or (int(time.time()) + how.wait if how.wait else 0)
    return Envelope(
        sender.person.address,
        tuple(EnvelopeRecipient(address, notify=notify) for address in addresses),
        smtputf8=not all(address.isascii() for address in addresses),
        ret="HDRS" if writing.wants_report else "",
        hold_until=hold,
    )


def _admitted(owner: Owner, peer: str, recipients: Recipients) -> Origin:
    """Throttled where a limit of this login is reached."""
    hold = limits.admit(principal=owner.principal, recipients=list(dict.fromkeys(recipients.values_in_order())))
    return Origin(source="web", peer=peer, protocol="HTTP", user_id=owner.principal.user_id, hold=hold)


def _keep_copy(writing: Writing, owner: Owner, mail: MailAccess, copy: bytes, how: Sending, trace_id: str, message_id: str) -> int:
    folder = SCHEDULED if how.leave_at else mail.find_special("\\Sent")
    if how.leave_at and folder not in [one.name for one in mail.list_folders()]:
        mail.create_folder(folder)
    uid = mail.append(folder, copy, flags=flags.SEEN)
    if not (how.wait or how.leave_at):
        return 0
    due = how.leave_at or int(time.time()) + how.wait
    kept = Outgoing.objects.create(
        user_id=owner.principal.user_id,
        trace_id=trace_id,
        message_id=message_id,
        fields=writing.to_json(),
        folder=folder,
        uid=uid,
        due_at=datetime.fromtimestamp(due, UTC),
        is_scheduled=bool(how.leave_at),
    )
    return kept.pk


def _mark_source(writing: Writing, mail: MailAccess) -> None:
    if not writing.source.uid:
        return
    try:
        if writing.mode in ("forward", "attach"):
            mail.set_flag(writing.source.folder, [writing.source.uid], keyword="$Forwarded", on=True)
        elif writing.mode in ("reply", "all", "list"):
            mail.set_flag(writing.source.folder, [writing.source.uid], flag=flags.ANSWERED, on=True)
    except NotFound:
        # It was moved or deleted while the answer was written; the answer is sent all the same.
        return


def read_time(text: str, zone_now: datetime) -> int:
    """A local date and time as the form sends it, in the zone of `zone_now`; 0 for none. BadSyntax where it is neither."""
    if not text.strip():
        return 0
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadSyntax("Give a day and a time.", repr(text)) from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone_now.tzinfo)).timestamp())
