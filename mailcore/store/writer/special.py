"""What a folder is for: its special use (RFC 6154), changed after it was made."""

from functools import partial

from django.db import transaction

from mailcore import bus
from mailcore.kernel.errors import BadSyntax, Denied
from mailcore.kernel.events import MailboxChanged
from mailcore.kernel.ids import MailboxId

from .. import names
from ..models import Folder
from .books import open_books
from .folders import DEFAULTS


def set_special_use(*, mailbox_id: MailboxId, name: str, special_use: str) -> None:
    """Give a folder a use, or "" for none; a use is one folder's, so another loses it. Denied for INBOX."""
    name = names.normalise(name)
    if name == names.INBOX:
        raise Denied("INBOX has its own use.")
    if special_use and special_use not in {use for _, use in DEFAULTS}:
        raise BadSyntax("There is no such use of a folder.", repr(special_use))
    with open_books([mailbox_id]) as books:
        folder = books.get_folder(mailbox_id, name)
        if special_use:
            Folder.objects.filter(mailbox_id=mailbox_id, special_use=special_use).update(special_use="")
        Folder.objects.filter(pk=folder.pk).update(special_use=special_use)
        transaction.on_commit(partial(bus.publish, MailboxChanged(mailbox_id)))
