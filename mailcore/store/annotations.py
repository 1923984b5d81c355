"""Notes on folders, read (RFC 5464)."""

from collections.abc import Mapping

from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.kernel.mailstore import AnnotationChange

from .folders import get_folder
from .models import Annotation, Folder

PRIVATE = "/private/"


def load(mailbox_id: MailboxId, folder: str) -> Mapping[str, bytes]:
    """By entry; `folder` "" is the mailbox itself."""
    return load_own(mailbox_id, FolderId(get_folder(mailbox_id, folder).pk if folder else 0))


def load_own(mailbox_id: MailboxId, folder_id: FolderId) -> Mapping[str, bytes]:
    """What one mailbox noted on a folder, its own or another's."""
    rows = Annotation.objects.filter(mailbox_id=mailbox_id, folder_id=folder_id, value__isnull=False).order_by("entry")
    return {entry: bytes(value) for entry, value in rows.values_list("entry", "value") if value is not None}


def list_changes(mailbox_id: MailboxId, version: int) -> list[AnnotationChange]:
    """What was set or removed after a version, oldest first; folders that are gone are left out."""
    found = Annotation.objects.filter(mailbox_id=mailbox_id, version__gt=version).order_by("version")
    rows = list(found.values_list("version", "folder_id", "entry"))
    named = Folder.objects.filter(mailbox_id=mailbox_id, pk__in={folder_id for _, folder_id, _ in rows})
    folder_names = dict(named.values_list("pk", "name"))
    return [
        AnnotationChange(number, folder_names.get(folder_id, ""), entry)
        for number, folder_id, entry in rows
        if not folder_id or folder_id in folder_names
    ]
