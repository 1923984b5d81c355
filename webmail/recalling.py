"""Letters that still wait: shown, called back into a draft, sent sooner, and filed once they have left."""

import contextlib
import time
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from mailcore import bell
from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.queue import outgoing
from mailcore.store.mailstore import LocalMailStore

from . import drafting
from .access.local import LocalMail
from .access.opened import open_letter
from .access.opening import Owner, find_mailbox
from .access.port import MailAccess
from .models import Outgoing
from .writing import Place, Writing, from_json


@dataclass(frozen=True, slots=True)
class Scheduled:
    id: int
    subject: str
    to: str
    due_at: datetime
    folder: str
    uid: int


def list_scheduled(*, owner: Owner) -> list[Scheduled]:
    """What the queue still holds for this person, soonest first."""
    user_id = owner.principal.user_id
    waiting = {one.trace_id: one for one in outgoing.list_waiting(user_id=user_id, now=int(time.time()))}
    rows = {row.trace_id: row for row in Outgoing.objects.filter(user_id=user_id, trace_id__in=list(waiting))}
    found: list[Scheduled] = []
    for trace_id, one in waiting.items():
        row = rows.get(trace_id)
        if row is not None and row.is_scheduled:
            fields = row.fields
            found.append(Scheduled(row.pk, fields.get("subject", ""), fields.get("to", ""), one.due_at, row.folder, row.uid))
    return found


def count_scheduled(*, owner: Owner) -> int:
    return Outgoing.objects.filter(user_id=owner.principal.user_id, is_scheduled=True, due_at__gt=timezone.now()).count()


def call_back(*, outgoing_id: int, owner: Owner, mail: MailAccess) -> Writing:
    """Out of the queue and back into a draft, with its files. Conflict where it has left; then nothing changes."""
    row = _get(outgoing_id, owner)
    outgoing.call_back(trace_id=row.trace_id, user_id=owner.principal.user_id, now=int(time.time()))
    writing = replace(from_json(row.fields), source=Place(row.folder, row.uid), key="", editor="", sequence=0, seen="", draft_uid=0)
    try:
        letter = open_letter(mail.read_raw(row.folder, row.uid), mail.find_row(row.folder, row.uid))
        shown = str(row.fields.get("html", ""))
        files = [f"source-{one.number}" for one in letter.attachments if not (one.content_id and f"cid:{one.content_id}" in shown)]
        writing = replace(writing, kept=tuple(files))
        kept = drafting.save(writing=writing, owner=owner, mail=mail)
        mail.delete_for_good(row.folder, [row.uid])
    except NotFound:
        # The copy was thrown away meanwhile; the text is in the row all the same.
        kept = drafting.save(writing=replace(writing, source=Place(), kept=()), owner=owner, mail=mail)
    _restore_source(kept.writing.key, owner, row)
    row.delete()
    return kept.writing


def hurry(*, outgoing_id: int, owner: Owner, mail: MailAccess) -> None:
    """Send it now. Conflict where it has left."""
    row = _get(outgoing_id, owner)
    now = int(time.time())
    outgoing.set_due(trace_id=row.trace_id, user_id=owner.principal.user_id, due_at=now)
    bell.ring()
    _file(row, mail)


def put_off(*, outgoing_id: int, owner: Owner, due_at: datetime) -> None:
    row = _get(outgoing_id, owner)
    outgoing.set_due(trace_id=row.trace_id, user_id=owner.principal.user_id, due_at=int(due_at.timestamp()))
    Outgoing.objects.filter(pk=row.pk).update(due_at=due_at)


def file_departed(*, owner: Owner, mail: MailAccess) -> int:
    """Move copies whose time has come from Scheduled to Sent; their number. May be repeated at any point."""
    due = list(Outgoing.objects.filter(user_id=owner.principal.user_id, due_at__lte=timezone.now())[:100])
    for row in due:
        _file(row, mail)
    return len(due)


def file_departed_all() -> int:
    """The same for everybody; a worker's work."""
    due = list(Outgoing.objects.filter(due_at__lte=timezone.now()).select_related("user__mailbox")[:200])
    for row in due:
        mailbox = find_mailbox(row.user)
        if mailbox is None:
            row.delete()
            continue
        _file(row, LocalMail(LocalMailStore(MailboxId(mailbox.id))))
    return len(due)


def _file(row: Outgoing, mail: MailAccess) -> None:
    if row.is_scheduled:
        # Its folder may have been removed meanwhile, and the copy with it.
        with contextlib.suppress(NotFound):
            mail.move(row.folder, [row.uid], mail.find_special("\\Sent"))
    row.delete()


def _restore_source(key: str, owner: Owner, row: Outgoing) -> None:
    """The draft answers what the letter answered; while its files were fetched its source was the sent copy."""
    draft = drafting.find_row(key, owner)
    if draft is not None:
        draft.fields = {**draft.fields, "source": row.fields.get("source") or {}}
        draft.save(update_fields=["fields"])


def _get(outgoing_id: int, owner: Owner) -> Outgoing:
    row = Outgoing.objects.filter(pk=outgoing_id, user_id=owner.principal.user_id).first()
    if row is None:
        raise NotFound("It has left, or was called back already.")
    return row
