"""What a list itself writes to people: confirmations, help, notices to moderators, probes.

Each goes with the null sender, so that its bounce goes nowhere, and says that a machine wrote it (RFC 3834 §5).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mailcore.delivery import intake
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.mime import building
from mailcore.mime.building import Attachment
from mailcore.store import blobs

from . import copies, keys
from .models import MailingList, Member, Post, Request

_WHAT = {
    "subscribe": "join", "unsubscribe": "leave", "resume": "go on getting mail from", "normal": "get each post of",
    "digest": "get one digest a day of", "nomail": "stay on, and get no mail of",
}  # fmt: skip
_COMMANDS = (
    ("subscribe", "join"),
    ("unsubscribe", "leave"),
    ("normal", "get each post"),
    ("digest", "get one mail a day with all posts"),
    ("nomail", "stay on the list and get no mail"),
    ("owner", "write to the people who look after it"),
)


@dataclass(frozen=True, slots=True)
class Letter:
    """To be prepared and written before a transaction, and kept in it."""

    envelope: Envelope
    raw: bytes


@dataclass(frozen=True, slots=True)
class Ready:
    prepared: list[intake.Prepared]
    written: list[blobs.Written]


def make_ready(letters: Sequence[Letter]) -> Ready:
    prepared = [intake.prepare(envelope=one.envelope, raw=one.raw, origin=Origin("local", protocol="LOCAL")) for one in letters]
    return Ready(prepared, intake.write(prepared) if prepared else [])


def keep(ready: Ready) -> None:
    """In the caller's transaction."""
    if ready.prepared:
        intake.keep(ready.prepared, ready.written)


def ask_to_confirm(row: MailingList, request: Request, token: str) -> Letter:
    what = _WHAT[request.action]
    text = (
        f"Somebody, probably you, asked that {request.email} {what} the list\n{row.title} ({row}).\n\n"
        f"If this is what you want, answer this mail as it is, or open this page and press the button:\n\n"
        f"{copies.confirm_url(str(row), token)}\n\n"
        "If not, do nothing: without your answer nothing happens, and this runs out in three days.\n"
    )
    command = keys.command_address(str(row), "confirm", token)
    return _letter(row, [request.email], f"Please confirm: {request.action} {row}", text, reply_to=command)


def tell(row: MailingList, email: str, subject: str, text: str) -> Letter:
    return _letter(row, [email], subject, text)


def welcome(row: MailingList, email: str) -> Letter:
    leave = copies.leave_url(str(row), keys.leave_token(keys.member_key(list_address=str(row), email=email)))
    text = (
        f"{email} is on the list {row.title} now.\n\n{row.description}\n\n"
        f"Write to {row} to write to the list.\nTo leave, write to {keys.command_address(str(row), 'unsubscribe')}, or open\n{leave}\n"
    )
    return _letter(row, [email], f"Welcome to {row.title}", text)


def helping(row: MailingList, email: str) -> Letter:
    lines = "\n".join(f"{keys.command_address(str(row), word):<48} {what}" for word, what in _COMMANDS)
    text = f"{row.title}\n{row.description}\n\nWrite an empty mail to\n\n{lines}\n\nOr open {copies.page_url(str(row))}\n"
    return _letter(row, [email], f"About the list {row.title}", text)


def ask_to_decide(row: MailingList, post: Post, token: str, raw: bytes, to: Sequence[str]) -> list[Letter]:
    """One for each moderator, with the post attached where it is not too large. Each way has its address: an answer decides nothing."""
    approve, reject, discard = (keys.command_address(str(row), word, token) for word in ("approve", "reject", "discard"))
    text = (
        f"A post to {row.title} waits for you.\n\n"
        f"From:    {post.author or '(nobody)'}\nSubject: {post.subject}\nHeld because {post.reason}.\n\n"
        f"Look at it and decide: {copies.held_url(str(row), token)}\n\nOr write a mail to one of\n\n"
        f"approve: {approve}\nreject:  {reject}\n         (what you write goes to the author)\ndiscard: {discard}\n"
    )
    attached = [Attachment("post.eml", "message/rfc822", raw)] if len(raw) <= 256_000 else []
    owner = keys.command_address(str(row), "owner")
    subject = f"A post to {row} waits: {post.subject}"[:200]
    return [_letter(row, [one], subject, text, reply_to=owner, files=attached) for one in to]


def rejected(row: MailingList, post: Post, reason: str) -> Letter:
    text = f"Your post to {row.title} ({row}) was not passed on.\n\nSubject: {post.subject}\n" + (f"\n{reason}\n" if reason else "")
    return _letter(row, [post.author], f"Not passed on: {post.subject}"[:200], text)


def probe(row: MailingList, member: Member, request: Request, token: str) -> Letter:
    """With the member's own envelope sender: should it come back too, that is known."""
    text = (
        f"Mail from the list {row.title} to {member.email} came back several times, so it is paused.\n"
        f"If you read this, your address works. Answer this mail as it is, or open\n\n{copies.confirm_url(str(row), token)}\n\n"
        "and press the button, and the list goes on. Otherwise your subscription ends after three such mails.\n"
    )
    sender = keys.command_address(str(row), "bounces", member.key)
    return _letter(
        row, [member.email], f"Does this reach you? {row}", text, reply_to=keys.command_address(str(row), "confirm", token), sender=sender
    )


def _letter(
    row: MailingList, to: Sequence[str], subject: str, text: str, *, reply_to: str = "", files: Sequence[Attachment] = (), sender: str = ""
) -> Letter:
    own = keys.command_address(str(row), "owner")
    raw = building.build(
        sender=f'"{row.title.replace(chr(34), "").replace(chr(92), "")}" <{own}>',
        to=to,
        reply_to=[reply_to] if reply_to else [],
        subject=" ".join(subject.split()),
        text=text,
        attachments=files,
        headers=[("Auto-Submitted", "auto-replied"), ("X-Loop", str(row)), ("Precedence", "bulk")],
    )
    return Letter(Envelope(sender, tuple(EnvelopeRecipient(one, notify="NEVER") for one in to)), raw)
