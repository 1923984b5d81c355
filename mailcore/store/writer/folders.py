"""What changes folders: create, delete, rename, subscribe, and the claim on \\Recent."""

from django.db import transaction

from mailcore.archive import keeping
from mailcore.archive.keeping import Leaving
from mailcore.archive.models import Removal
from mailcore.kernel.errors import Conflict, Denied
from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.prepared import Prepared

from .. import names
from ..models import Annotation, Change, DeliveryMark, Folder, Message, Subscription, ThreadReference, Usage
from .books import Books, open_books
from .rows import duplicate, remove, select_all

DEFAULTS = (
    ("INBOX", ""),
    ("Drafts", "\\Drafts"),
    ("Sent", "\\Sent"),
    ("Archive", "\\Archive"),
    ("Junk", "\\Junk"),
    ("Trash", "\\Trash"),
)

_INBOX = Prepared(lambda mailbox_id: Folder.objects.filter(mailbox_id=mailbox_id, name=names.INBOX).values_list("id"), -7919)


def ensure_defaults(*, mailbox_id: MailboxId) -> None:
    """Give a new mailbox its folders, once: what a person removed later stays removed."""
    if _INBOX.first(mailbox_id):
        return
    with open_books([mailbox_id]) as books:
        make_defaults(books, mailbox_id)


def make_defaults(books: Books, mailbox_id: MailboxId) -> None:
    if books.find_folder(mailbox_id, names.INBOX) is not None:
        return
    for name, special_use in DEFAULTS:
        if books.find_folder(mailbox_id, name) is None:
            books.add_folder(mailbox_id, name, special_use)
    Subscription.objects.bulk_create([Subscription(mailbox_id=mailbox_id, name=name) for name, _ in DEFAULTS], ignore_conflicts=True)


def create_folder(*, mailbox_id: MailboxId, name: str, special_use: str = "") -> Folder:
    """Missing parents come along. Conflict where the name, or the special use, is taken."""
    name = names.normalise(name)
    with open_books([mailbox_id]) as books:
        if books.find_folder(mailbox_id, name) is not None:
            raise Conflict("A folder of this name exists.", repr(name))
        if special_use and Folder.objects.filter(mailbox_id=mailbox_id, special_use=special_use).exists():
            raise Conflict("Another folder has this special use.", f"{name!r} {special_use}")
        return make_folder(books, mailbox_id, name, special_use)


def make_folder(books: Books, mailbox_id: MailboxId, name: str, special_use: str = "") -> Folder:
    for parent in names.list_parents(name):
        if books.find_folder(mailbox_id, parent) is None:
            books.add_folder(mailbox_id, parent)
    return books.add_folder(mailbox_id, name, special_use)


def delete_folder(*, mailbox_id: MailboxId, name: str) -> None:
    name = names.normalise(name)
    if name == names.INBOX:
        raise Denied("INBOX cannot be removed.")
    with open_books([mailbox_id]) as books:
        folder = books.get_folder(mailbox_id, name)
        if _list_below(mailbox_id, name):
            raise Conflict("The folder has folders in it.", repr(name))
        remove(books, folder, select_all(folder))
        Annotation.objects.filter(folder_id=folder.pk).delete()
        # The journal's last line names a folder that is gone: it has to be written before the row goes.
        books.drop_folder(folder)


def rename_folder(*, mailbox_id: MailboxId, old: str, new: str) -> None:
    """Folders below move along. Renaming INBOX moves its messages and leaves it empty (RFC 9051 §6.3.6)."""
    old, new = names.normalise(old), names.normalise(new)
    with open_books([mailbox_id]) as books:
        folder = books.get_folder(mailbox_id, old)
        if books.find_folder(mailbox_id, new) is not None:
            raise Conflict("A folder of this name exists.", repr(new))
        if old == names.INBOX:
            rows = select_all(folder)
            goal = make_folder(books, mailbox_id, new)
            pairs = duplicate(books, rows, goal)
            if pairs:
                remove(books, folder, rows, leaving=Leaving(Removal.Kind.MOVED, goal.pk, pairs[0][1]))
            return
        if names.is_below(new, old):
            raise Conflict("A folder cannot move into itself.", f"{old!r} to {new!r}")
        below = _list_below(mailbox_id, old)
        for parent in names.list_parents(new):
            if books.find_folder(mailbox_id, parent) is None:
                books.add_folder(mailbox_id, parent)
        books.rename_folder(folder, new)
        for child in below:
            books.rename_folder(child, names.normalise(new + child.name[len(old) :]))
        _rename_subscriptions(mailbox_id, old, new)


def set_subscribed(*, mailbox_id: MailboxId, name: str, subscribed: bool) -> None:
    """Any name may be subscribed, whether or not a folder has it."""
    name = names.normalise(name)
    with open_books([mailbox_id]) as books:
        books.announce(mailbox_id)
        if subscribed:
            Subscription.objects.get_or_create(mailbox_id=mailbox_id, name=name)
        else:
            Subscription.objects.filter(mailbox_id=mailbox_id, name=name).delete()


def claim_recent(*, mailbox_id: MailboxId, folder_id: FolderId) -> int:
    """See Books.claim_recent; changes no modseq."""
    with open_books([mailbox_id]) as books:
        return books.claim_recent(books.get_folder_by_id(mailbox_id, folder_id))


def remove_mailbox(*, mailbox_id: MailboxId) -> None:
    """Remove everything a mailbox holds, its journal too; the id may be used no more."""
    with transaction.atomic():
        with open_books([mailbox_id]):
            _remove_rows(mailbox_id)
        # The lock itself goes last, and with the rest or not at all.
        Usage.objects.filter(mailbox_id=mailbox_id).delete()


def _remove_rows(mailbox_id: int) -> None:
    folder_ids = list(Folder.objects.filter(mailbox_id=mailbox_id).values_list("pk", flat=True))
    DeliveryMark.objects.filter(folder_id__in=folder_ids).delete()
    Message.objects.filter(mailbox_id=mailbox_id).delete()
    for model in (Folder, Subscription, ThreadReference, Change, Annotation):
        model._default_manager.filter(mailbox_id=mailbox_id).delete()
    keeping.forget_mailbox(mailbox_id)


def _list_below(mailbox_id: int, name: str) -> list[Folder]:
    # By prefix in Python: LIKE would read "%" and "_" in a name as wildcards and fold case on SQLite.
    return [folder for folder in Folder.objects.filter(mailbox_id=mailbox_id) if names.is_below(folder.name, name)]


def _rename_subscriptions(mailbox_id: int, old: str, new: str) -> None:
    for row in Subscription.objects.filter(mailbox_id=mailbox_id):
        if row.name == old or names.is_below(row.name, old):
            Subscription.objects.filter(pk=row.pk).delete()
            Subscription.objects.get_or_create(mailbox_id=mailbox_id, name=new + row.name[len(old) :])
