"""Messages that sleep in a folder of their own until they are due, and then come back on top, unread."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext

from mailcore.kernel import flags
from mailcore.kernel.errors import BadSyntax, Conflict, MailError, NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.uidsets import join

from .access.local import LocalMail
from .access.port import MailAccess
from .acting import Done
from .models import Snooze

FOLDER = "Snoozed"
MORNING = time(8)
MAX_AHEAD = timedelta(days=5 * 366)
BATCH = 200


def read_until(what: str, typed: str, now: datetime) -> datetime:
    """`later`, `tomorrow`, `weekend`, `week`, or `at` with what a datetime-local field sent; in the person's zone."""
    local = timezone.localtime(now)
    if what == "later":
        return (local + timedelta(hours=3)).replace(second=0, microsecond=0)
    if what == "tomorrow":
        return _morning(local, 1)
    if what in ("weekend", "week"):
        weekday = 5 if what == "weekend" else 0
        return _morning(local, (weekday - local.weekday() - 1) % 7 + 1)
    moment = parse_datetime(typed) if what == "at" else None
    if moment is None:
        raise BadSyntax(gettext("Say until when."), repr(typed))
    moment = timezone.make_aware(moment) if timezone.is_naive(moment) else moment
    if not now < moment < now + MAX_AHEAD:
        raise BadSyntax(gettext("That moment has passed, or is too far away."), repr(typed))
    return moment


def snooze(*, mail: MailAccess, mailbox_id: int, folder: str, uids: Sequence[int], until: datetime) -> Done:
    """Conflict for what sleeps already, or where the server does not tell the new uids."""
    if folder == FOLDER:
        raise Conflict(gettext("It sleeps already. Move it back first."))
    if FOLDER not in [found.name for found in mail.list_folders()]:
        mail.create_folder(FOLDER)
    moved = mail.move(folder, sorted(uids), FOLDER)
    Snooze.objects.bulk_create(
        [Snooze(mailbox_id=mailbox_id, folder=folder, uid=uid, due_at=until) for uid in moved.uids], ignore_conflicts=True
    )
    shown = timezone.localtime(until)
    words = gettext("back on %(day)s at %(time)s") % {"day": date_format(shown, gettext("j M")), "time": f"{shown:%H:%M}"}
    return Done(len(uids), words, ((FOLDER, join(sorted(moved.uids)), f"move:{folder}"),), is_moved=True)


def wake_due(now: datetime) -> int:
    """Bring back what is due; for a worker. What was moved out of Snoozed by hand stays where it was put."""
    count = 0
    for row in list(Snooze.objects.filter(due_at__lte=now).order_by("due_at")[:BATCH]):
        # Claimed first: two workers must not bring it back twice.
        if Snooze.objects.filter(pk=row.pk).delete()[0]:
            count += _wake(row, now)
    return count


def _wake(row: Snooze, now: datetime) -> bool:
    mail = LocalMail(LocalMailStore(MailboxId(row.mailbox_id)))
    try:
        found = mail.find_row(FOLDER, row.uid)
        raw = mail.read_raw(FOLDER, row.uid)
        is_there = row.folder in [folder.name for folder in mail.list_folders()]
        # Put in anew, so that it stands on top of the list as if it came now.
        mail.append(row.folder if is_there else "INBOX", raw, flags=found.flags & ~flags.SEEN, keywords=found.keywords, arrived=now)
        mail.delete_for_good(FOLDER, [row.uid])
    except NotFound:
        return False
    except MailError:
        # Full, for now: it is tried again, and lies in Snoozed meanwhile.
        Snooze.objects.create(mailbox_id=row.mailbox_id, folder=row.folder, uid=row.uid, due_at=now + timedelta(minutes=10))
        return False
    return True


def _morning(local: datetime, days: int) -> datetime:
    day = (local + timedelta(days=days)).date()
    return timezone.make_aware(datetime.combine(day, MORNING))
