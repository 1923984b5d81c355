"""What the bus carries. Events carry ids only: losing, doubling or delaying one loses nothing."""

from dataclasses import dataclass

from .ids import FolderId, MailboxId


@dataclass(frozen=True, slots=True)
class FolderChanged:
    """The journal of a folder grew up to `modseq`; read it from there."""

    mailbox_id: MailboxId
    folder_id: FolderId
    modseq: int


@dataclass(frozen=True, slots=True)
class MailboxChanged:
    """Folders were created, renamed or removed."""

    mailbox_id: MailboxId


@dataclass(frozen=True, slots=True)
class CredentialsChanged:
    """Cached logins of this user are void."""

    user_id: int


Event = FolderChanged | MailboxChanged | CredentialsChanged
