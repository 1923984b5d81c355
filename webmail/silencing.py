"""Muted conversations and blocked senders: what comes of them is filed away behind its arrival."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext

from mailcore.kernel import flags
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax, MailError
from mailcore.kernel.ids import MailboxId
from mailcore.store.mailstore import LocalMailStore

from . import acting
from .access.local import LocalMail
from .access.port import MailAccess, Person, Row
from .acting import Done
from .models import Silence, Watermark

MAX_SILENCES = 5_000
BATCH = 500
SHOWN = 200
"""Of a list of silences, the newest."""


@dataclass(frozen=True, slots=True)
class Blocked:
    address: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Muted:
    thread: int
    since: datetime
    row: Row | None
    """Its first message; None where nothing of it is left."""


def mute(*, mail: MailAccess, mailbox_id: int, folder: str, rows: Sequence[Row]) -> Done:
    """The conversations leave the Inbox now, and so does what follows them."""
    threads = {row.thread for row in rows if row.thread}
    for thread in threads:
        _silence(mailbox_id, Silence.Kind.THREAD, str(thread))
    uids = mail.list_of_threads(folder, [row.uid for row in rows])
    mail.set_flag(folder, uids, flag=flags.SEEN, on=True)
    done = acting.apply(mail, folder, uids, "archive")
    return Done(len(rows), gettext("muted"), done.steps, done.is_moved)


def unmute(*, mailbox_id: int, rows: Sequence[Row]) -> Done:
    threads = [str(row.thread) for row in rows if row.thread]
    Silence.objects.filter(mailbox_id=mailbox_id, kind=Silence.Kind.THREAD, what__in=threads).delete()
    return Done(len(rows), gettext("no longer muted"))


def block(*, mail: MailAccess, mailbox_id: int, own: str, folder: str, rows: Sequence[Row]) -> Done:
    """What these senders wrote goes to Spam, and so does what they will write."""
    addresses = {row.sender.address.casefold() for row in rows if row.sender.address}
    if own.casefold() in addresses or not addresses:
        raise BadSyntax(gettext("This sender cannot be blocked."))
    for address in addresses:
        _silence(mailbox_id, Silence.Kind.SENDER, address)
    done = acting.apply(mail, folder, [row.uid for row in rows], "spam")
    return Done(len(rows), gettext("moved to Spam, the sender is blocked"), done.steps, done.is_moved)


def list_blocked(mailbox_id: int) -> list[str]:
    found = Silence.objects.filter(mailbox_id=mailbox_id, kind=Silence.Kind.SENDER).order_by("what")
    return list(found.values_list("what", flat=True))


def find_blocked(*, mailbox_id: int, typed: str = "") -> list[Blocked]:
    """The newest first, at most `SHOWN`; `typed` is a piece of the address."""
    found = Silence.objects.filter(mailbox_id=mailbox_id, kind=Silence.Kind.SENDER, what__contains=typed.casefold())
    return [Blocked(*one) for one in found.order_by("-since", "-id").values_list("what", "since")[:SHOWN]]


def list_muted(*, mail: MailAccess, mailbox_id: int) -> list[Muted]:
    """The newest first, at most `SHOWN`."""
    found = Silence.objects.filter(mailbox_id=mailbox_id, kind=Silence.Kind.THREAD).order_by("-since", "-id")
    return [Muted(int(what), since, _first_of(mail, int(what))) for what, since in found.values_list("what", "since")[:SHOWN]]


def _first_of(mail: MailAccess, thread: int) -> Row | None:
    asked = Row("", 0, Person("", ""), (), "", datetime.fromtimestamp(0, UTC), 0, 0, frozenset(), False, thread=thread)
    first = mail.list_thread(asked)[0]
    return first if first.uid else None


def block_address(*, mailbox_id: int, own: str, address: str) -> str:
    """What comes from now on goes to Spam. The address as it is kept; BadSyntax where it is none, or one's own."""
    kept = str(MailAddress.parse(address.strip())).casefold()
    if kept == own.casefold():
        raise BadSyntax(gettext("This sender cannot be blocked."))
    _silence(mailbox_id, Silence.Kind.SENDER, kept)
    return kept


def listen(*, mailbox_id: int, thread: int) -> None:
    """A conversation comes to the Inbox again."""
    Silence.objects.filter(mailbox_id=mailbox_id, kind=Silence.Kind.THREAD, what=str(thread)).delete()


def allow(*, mailbox_id: int, address: str) -> None:
    Silence.objects.filter(mailbox_id=mailbox_id, kind=Silence.Kind.SENDER, what=address.casefold()).delete()


def file_away_all() -> int:
    """Every mailbox with silences; for a worker."""
    mailbox_ids = Silence.objects.order_by().values_list("mailbox_id", flat=True).distinct()
    return sum(_file_away(mailbox_id) for mailbox_id in list(mailbox_ids))


def _file_away(mailbox_id: int) -> int:
    """What came to the Inbox since the last time. A message is looked at once, so one moved back by hand stays."""
    store = LocalMailStore(MailboxId(mailbox_id))
    info = store.get_folder("INBOX")
    mark = Watermark.objects.filter(mailbox_id=mailbox_id, uidvalidity=info.uidvalidity).first()
    start = mark.uid + 1 if mark is not None else info.uidnext
    last = min(info.uidnext - 1, start + BATCH - 1)
    count = _file_rows(LocalMail(store), mailbox_id, list(range(start, last + 1))) if start <= last else 0
    if mark is None or start <= last:
        Watermark.objects.update_or_create(mailbox_id=mailbox_id, defaults={"uidvalidity": info.uidvalidity, "uid": max(start - 1, last)})
    return count


def _file_rows(mail: LocalMail, mailbox_id: int, uids: list[int]) -> int:
    silences = Silence.objects.filter(mailbox_id=mailbox_id).values_list("kind", "what")
    threads = {what for kind, what in silences if kind == Silence.Kind.THREAD}
    senders = {what for kind, what in silences if kind == Silence.Kind.SENDER}
    rows = mail.find_rows("INBOX", uids)
    blocked = [row.uid for row in rows if row.sender.address.casefold() in senders]
    muted = [row.uid for row in rows if str(row.thread) in threads and row.uid not in blocked]
    try:
        if blocked:
            acting.apply(mail, "INBOX", blocked, "spam")
        if muted:
            mail.set_flag("INBOX", muted, flag=flags.SEEN, on=True)
            acting.apply(mail, "INBOX", muted, "archive")
    except MailError:
        # Gone meanwhile, or moved by the person: then there is nothing to file.
        return 0
    return len(blocked) + len(muted)


def _silence(mailbox_id: int, kind: str, what: str) -> None:
    if Silence.objects.filter(mailbox_id=mailbox_id).count() >= MAX_SILENCES:
        raise BadSyntax(gettext("There are too many silenced senders and conversations."))
    Silence.objects.get_or_create(mailbox_id=mailbox_id, kind=kind, what=what)
    store = LocalMailStore(MailboxId(mailbox_id))
    info = store.get_folder("INBOX")
    Watermark.objects.get_or_create(mailbox_id=mailbox_id, defaults={"uidvalidity": info.uidvalidity, "uid": info.uidnext - 1})
