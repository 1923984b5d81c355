"""One letter while it is written: the fields of the form, and how they become a message.

A letter in formatted text always carries its plain form beside it (RFC 2046 §5.1.4); pictures
shown within it travel with it and are named by Content-ID (RFC 2392).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from mailcore.kernel.errors import NotFound
from mailcore.mime.building import Attachment, build, new_message_id

from .access.opened import inline_images, read_attachment
from .access.port import MailAccess
from .identities import Sender
from .plain_text import to_plain
from .recipients import can_be_written, split_list, write_person
from .sanitising.letters import sanitize_html

MODES = ("new", "reply", "all", "list", "forward", "attach", "again", "draft")
PRIORITIES = ("normal", "high", "low")
DRAFT_HEADER = "X-Facteur-Draft"
_FILES = ("kept", "uploads")


@dataclass(frozen=True, slots=True)
class Place:
    """A message by folder and uid."""

    folder: str = ""
    uid: int = 0


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Writing:
    """The fields of the form, as typed."""

    to: str = ""
    cc: str = ""
    bcc: str = ""
    reply_to: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    is_html: bool = False
    sender_key: str = ""
    priority: str = "normal"
    wants_receipt: bool = False
    wants_report: bool = False
    mode: str = "new"
    source: Place = NOWHERE
    """What is answered or forwarded."""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    key: str = ""
    """Of the draft; made with the form, so that a form sent twice is one draft."""
    editor: str = ""
    sequence: int = 0
    seen: str = ""
    """What the draft's editor and sequence were when this form was opened."""
    draft_uid: int = 0
    """The copy in Drafts this form was opened from, where no row knows of it."""
    kept: tuple[str, ...] = ()
    """Files to keep: `draft-0` of the draft, `source-0` of what is forwarded, `whole-12` a message of the
    source's folder, `mail-12-Archive` any other message."""
    uploads: tuple[Attachment, ...] = ()

    @property
    def is_blank(self) -> bool:
        body = to_plain(self.html) if self.is_html else self.text
        return not any((self.to, self.cc, self.bcc, self.subject, body.strip(), self.kept, self.uploads))

    def to_json(self) -> dict[str, Any]:
        """What a draft's row keeps; files are in its copy."""
        return {name: value for name, value in asdict(self).items() if name not in _FILES}


def from_json(data: dict[str, Any]) -> Writing:
    known = {one.name for one in fields(Writing)} - set(_FILES)
    found = {name: value for name, value in data.items() if name in known}
    place = found.get("source") or {}
    found["source"] = Place(place.get("folder", ""), place.get("uid", 0))
    found["references"] = tuple(found.get("references") or ())
    return Writing(**found)


def clean_body(html: str) -> str:
    """The markup of a letter as it may be kept and sent. Pictures of the letter keep their cid: names."""
    return sanitize_html(html.replace("\0", ""), images=_SameName(), allow_remote=True).html


class _SameName(dict[str, str]):
    """Any picture named by Content-ID stays so named."""

    def get(self, key: str, default: Any = None) -> Any:
        return f"cid:{key}" if key else default


def collect_files(writing: Writing, mail: MailAccess, draft: Place) -> list[Attachment]:
    """Kept files, pictures the text shows, and what was just sent along. NotFound where one is gone."""
    raws = _Raws(mail, {"draft": draft, "source": writing.source})
    found: list[Attachment] = []
    for kept in writing.kept:
        kind, _, number = kept.partition("-")
        if kind == "mail":
            uid, _, folder = number.partition("-")
            found.append(_whole(mail, folder, int(uid) if uid.isdecimal() else 0))
            continue
        if not number.isdecimal() or kind not in ("draft", "source", "whole"):
            raise NotFound("A file of this message is gone. Attach it again.", kept)
        if kind == "whole":
            found.append(_whole(mail, writing.source.folder, int(number)))
            continue
        attachment, data = read_attachment(raws.get(kind), int(number))
        if not (attachment.content_id and f"cid:{attachment.content_id}" in writing.html):
            found.append(Attachment(attachment.filename, attachment.media_type, data))
    return [*found, *_shown(writing, raws), *writing.uploads]


def _whole(mail: MailAccess, folder: str, uid: int) -> Attachment:
    row = mail.find_row(folder, uid)
    name = "".join(char if char.isalnum() or char in " -_." else "_" for char in row.subject).strip()[:80] or "message"
    return Attachment(f"{name}.eml", "message/rfc822", mail.read_raw(folder, uid))


def _shown(writing: Writing, raws: "_Raws") -> list[Attachment]:
    if not writing.is_html or "cid:" not in writing.html:
        return []
    pictures: dict[str, tuple[str, bytes]] = {}
    for kind in ("source", "draft"):
        pictures |= inline_images(raws.get(kind)) if raws.has(kind) else {}
    fresh = {upload.content_id for upload in writing.uploads}
    return [
        Attachment(f"{cid.partition('@')[0]}.{media_type.partition('/')[2]}", media_type, data, content_id=cid)
        for cid, (media_type, data) in pictures.items()
        if f"cid:{cid}" in writing.html and cid not in fresh
    ]


class _Raws:
    """The messages files are taken from, each read once."""

    def __init__(self, mail: MailAccess, places: dict[str, Place]) -> None:
        self.mail, self.places = mail, places
        self.read: dict[str, bytes] = {}

    def has(self, kind: str) -> bool:
        return bool(self.places[kind].uid)

    def get(self, kind: str) -> bytes:
        if not self.has(kind):
            raise NotFound("A file of this message is gone. Attach it again.", kind)
        if kind not in self.read:
            self.read[kind] = self.mail.read_raw(self.places[kind].folder, self.places[kind].uid)
        return self.read[kind]


def build_message(writing: Writing, sender: Sender, files: Sequence[Attachment], *, message_id: str, date: float | None = None) -> bytes:
    """As it is sent, with its Bcc line; `strip_bcc` makes what the others get."""
    return _build(writing, sender, files, message_id, _lists(writing), _options(writing, sender), date)


def build_draft(writing: Writing, sender: Sender, files: Sequence[Attachment]) -> bytes:
    """As it lies in Drafts. Addresses that cannot be read yet stay out of the headers' way."""
    lists = _lists(writing)
    unreadable = "; ".join(text for text in lists.values() if text and not can_be_written(text))
    lists = {name: text if not text or can_be_written(text) else "" for name, text in lists.items()}
    options = [*_options(writing, sender), (DRAFT_HEADER, writing.key)] if writing.key else _options(writing, sender)
    if unreadable:
        options.append(("X-Facteur-Unfinished", unreadable[:900]))
    return _build(writing, sender, files, make_id(sender), lists, options, None)


def make_id(sender: Sender) -> str:
    return new_message_id(sender.person.address.rpartition("@")[2])


def _lists(writing: Writing) -> dict[str, str]:
    return {name: split_list(getattr(writing, name)) for name in ("to", "cc", "bcc", "reply_to")}


def _options(writing: Writing, sender: Sender) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if writing.priority == "high":
        found += [("X-Priority", "1 (Highest)"), ("Importance", "high")]
    elif writing.priority == "low":
        found += [("X-Priority", "5 (Lowest)"), ("Importance", "low")]
    if writing.wants_receipt:
        found.append(("Disposition-Notification-To", sender.person.address))
    return found


def _build(
    writing: Writing,
    sender: Sender,
    files: Sequence[Attachment],
    message_id: str,
    lists: dict[str, str],
    headers: list[tuple[str, str]],
    date: float | None,
) -> bytes:
    html = clean_body(writing.html) if writing.is_html else None
    return build(
        sender=write_person(sender.person),
        **{name: [text] if text else [] for name, text in lists.items()},
        subject=" ".join(writing.subject.split()),
        text=writing.text if html is None else to_plain(html),
        html=html if html is None else f"<!doctype html><html><body>{html}</body></html>",
        attachments=files,
        in_reply_to=writing.in_reply_to or None,
        references=writing.references,
        message_id=message_id,
        date=date,
        headers=headers,
        keep_bcc=True,
    )
