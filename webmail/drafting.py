"""Drafts: a row for what is typed, a copy in Drafts for every other program, and no way to lose either.

The row is written every few seconds. The copy holds the files, so a large one is written anew
only when its files change, once a minute, and when the window closes. Where two windows write
one draft, the second becomes a draft of its own.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from mailcore.kernel import flags
from mailcore.kernel.errors import NotFound
from mailcore.mime.headers import Headers

from . import identities
from .access.opened import open_letter
from .access.opening import Owner
from .access.port import MailAccess
from .models import Draft
from .writing import DRAFT_HEADER, Place, Writing, build_draft, collect_files, from_json

SMALL = 256_000
"""Octets of a copy that may be written with every saving."""
SEASON = timedelta(days=90)
PAST = 8
"""Earlier copies of a draft that still lead to it."""
COPY_EVERY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Kept:
    writing: Writing
    """As it is now: its key, its files."""
    at: datetime | None
    is_parted: bool = False
    """Another window had changed the draft; this text is now one of its own."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    key: str
    filename: str
    size: int
    media_type: str


def save(*, writing: Writing, owner: Owner, mail: MailAccess, is_final: bool = False) -> Kept:
    """Keep it. NotFound where a file it names is gone; then nothing is changed."""
    if writing.is_blank and not find_row(writing.key, owner):
        return Kept(writing, None)
    writing = replace(writing, key=_valid_key(writing.key))
    row = find_row(writing.key, owner)
    if row is not None and row.editor == writing.editor and writing.editor and writing.sequence <= row.sequence:
        return Kept(replace(writing, kept=_all_kept(row, mail), uploads=()), row.updated_at)
    is_parted = row is not None and row.editor != writing.editor and bool(row.editor) and token_of(row) != writing.seen
    source = row
    if is_parted:
        writing = replace(writing, key=str(uuid.uuid4()))
        row = None
    place = place_of(source, writing, mail)
    is_due = is_parted or is_final or row is None or _needs_copy(row, writing, place, mail)
    if row is not None and is_final and not is_parted and _is_same(row, writing, place, mail):
        is_due = False
    copy = _write_copy(writing, owner, mail, place) if is_due else None
    kept = _write_row(writing, owner, copy, place, is_parted=is_parted)
    if copy is not None and place.uid and not is_parted:
        mail.delete_for_good(place.folder, [place.uid])
    files = _all_kept(kept, mail) if copy is not None else writing.kept
    return Kept(replace(writing, kept=files, uploads=(), draft_uid=kept.uid), kept.updated_at, is_parted)


def resume(*, place: Place, owner: Owner, mail: MailAccess) -> Writing | None:
    """The newest text of a draft that was opened from its copy, or None where no row belongs to it."""
    try:
        raw = mail.read_raw(place.folder, place.uid)
    except NotFound:
        # A list that was made a moment ago names the copy before the last saving.
        row = _find_by_past(place, owner)
        return None if row is None else open_row(row, mail)
    row = find_row((Headers.parse(raw).get(DRAFT_HEADER.lower()) or "").strip(), owner)
    if row is None or (row.folder, row.uid) != (place.folder, place.uid):
        return None
    return open_row(row, mail)


def _find_by_past(place: Place, owner: Owner) -> Draft | None:
    rows = Draft.objects.filter(user_id=owner.principal.user_id, folder=place.folder)
    return next((row for row in rows if place.uid in row.fields.get("past", ())), None)


def open_row(row: Draft, mail: MailAccess) -> Writing:
    writing = from_json(row.fields)
    return replace(writing, key=str(row.key), seen=token_of(row), draft_uid=row.uid, kept=_all_kept(row, mail), editor="", sequence=0)


def find_row(key: str, owner: Owner) -> Draft | None:
    return Draft.objects.filter(user_id=owner.principal.user_id, key=key).first() if _is_key(key) else None


def discard(*, writing: Writing, owner: Owner, mail: MailAccess) -> None:
    """The row and its copy. What a program moved elsewhere stays there."""
    row = find_row(writing.key, owner)
    place = place_of(row, writing, mail)
    if place.uid:
        mail.delete_for_good(place.folder, [place.uid])
    if row is not None:
        row.delete()


def forget_old() -> int:
    """Rows nobody has written to for a season. Their copies stay in Drafts and open as before."""
    return Draft.objects.filter(updated_at__lt=timezone.now() - SEASON).delete()[0]


def place_of(row: Draft | None, writing: Writing, mail: MailAccess) -> Place:
    if row is not None:
        return Place(row.folder, row.uid)
    return Place(mail.find_special("\\Drafts"), writing.draft_uid) if writing.draft_uid else Place()


def token_of(row: Draft) -> str:
    return f"{row.editor}:{row.sequence}"


def list_files(writing: Writing, owner: Owner, mail: MailAccess) -> list[KeptFile]:
    """The files the form holds, named and sized for people."""
    places = {"source": writing.source, "draft": place_of(find_row(writing.key, owner), writing, mail)}
    found: list[KeptFile] = []
    for prefix, place in places.items():
        if not place.uid or not any(kept.startswith(f"{prefix}-") for kept in writing.kept):
            continue
        try:
            letter = open_letter(mail.read_raw(place.folder, place.uid), mail.find_row(place.folder, place.uid))
        except NotFound:
            continue
        found += [
            KeptFile(f"{prefix}-{one.number}", one.filename, one.size, one.media_type)
            for one in letter.attachments
            if f"{prefix}-{one.number}" in writing.kept and not (one.content_id and f"cid:{one.content_id}" in writing.html)
        ]
    whole = [int(kept.removeprefix("whole-")) for kept in writing.kept if kept.startswith("whole-") and kept[6:].isdecimal()]
    for row in mail.find_rows(writing.source.folder, whole) if whole else []:
        found.append(KeptFile(f"whole-{row.uid}", f"{row.subject or 'message'}.eml", row.size, "message/rfc822"))
    return found


def _write_copy(writing: Writing, owner: Owner, mail: MailAccess, place: Place) -> Place:
    senders, chosen = identities.choose(owner, (), key=writing.sender_key)
    sender = identities.find(senders, writing.sender_key, owner) or chosen
    raw = build_draft(writing, sender, collect_files(writing, mail, place))
    folder = mail.find_special("\\Drafts")
    return Place(folder, mail.append(folder, raw, flags=flags.DRAFT | flags.SEEN))


def _write_row(writing: Writing, owner: Owner, copy: Place | None, place: Place, *, is_parted: bool) -> Draft:
    now = timezone.now()
    typed = writing.to_json()
    before = find_row(writing.key, owner)
    if before is not None:
        past = [*before.fields.get("past", []), *([place.uid] if copy is not None and place.uid else [])]
        typed["past"] = past[-PAST:]
    values: dict[str, Any] = {"fields": typed, "editor": writing.editor[:40], "sequence": writing.sequence, "updated_at": now}
    if copy is not None:
        values |= {"folder": copy.folder, "uid": copy.uid, "copied_at": now}
    elif not is_parted:
        values |= {"folder": place.folder, "uid": place.uid}
    with transaction.atomic():
        row, _is_new = Draft.objects.update_or_create(user_id=owner.principal.user_id, key=uuid.UUID(writing.key), defaults=values)
    return row


def _needs_copy(row: Draft, writing: Writing, place: Place, mail: MailAccess) -> bool:
    if not place.uid or writing.uploads or writing.kept != _all_kept(row, mail):
        return True
    if row.copied_at is None or timezone.now() - row.copied_at > COPY_EVERY:
        return True
    found = mail.find_rows(place.folder, [place.uid])
    return not found or found[0].size < SMALL


def _is_same(row: Draft, writing: Writing, place: Place, mail: MailAccess) -> bool:
    if not place.uid or writing.uploads or row.copied_at is None or row.copied_at < row.updated_at - timedelta(seconds=1):
        return False
    mine, theirs = writing.to_json(), dict(row.fields)
    volatile = ("editor", "sequence", "seen", "draft_uid", "key", "references")
    return all(mine[name] == theirs.get(name) for name in mine if name not in volatile) and writing.kept == _all_kept(row, mail)


def _all_kept(row: Draft, mail: MailAccess) -> tuple[str, ...]:
    """Every file of the copy but pictures the text shows."""
    if not row.uid:
        return ()
    try:
        letter = open_letter(mail.read_raw(row.folder, row.uid), mail.find_row(row.folder, row.uid))
    except NotFound:
        return ()
    html = str(row.fields.get("html", ""))
    return tuple(f"draft-{one.number}" for one in letter.attachments if not (one.content_id and f"cid:{one.content_id}" in html))


def _valid_key(key: str) -> str:
    return str(uuid.UUID(key)) if _is_key(key) else str(uuid.uuid4())


def _is_key(key: str) -> bool:
    try:
        uuid.UUID(key)
    except ValueError:
        return False
    return True
