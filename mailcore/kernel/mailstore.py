"""The port through which IMAP, POP3 and pages read and change one person's mail.

Implemented by `store`; the protocols' tests use one in memory. All calls are synchronous,
may block on the database, and are made off the event loop. A method raises errors of
`kernel.errors` only. Times are whole seconds since the epoch, UTC. Folder names are
Unicode, levels parted by "/", INBOX in capitals.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Literal, Protocol

from . import rights
from .ids import FolderId, MailboxId

Column = Literal[
    "uid",
    "size",
    "internaldate",
    "savedate",
    "envelope",
    "bodystructure",
    "body",
    "structure",
    "raw",
    "octets",
    "header",
    "prefix_size",
    "email_id",
    "thread_id",
    "snippet",
]
"""What `fetch` can deliver of a message:

uid, size, internaldate, savedate: int. envelope, bodystructure, body: bytes ready to send
(RFC 9051 §7.5.2, without the item's name; `body` is the non-extensible form). structure: a
`mime.structure.Part` whose offsets count from the start of the blob: add `prefix_size`, the
length of the trace header put before it, to reach offsets in `raw`. raw: the whole message as
served. octets: an `Octets` of the same, to read some of it. header: its header block with the
blank line. email_id, thread_id: str (RFC 8474). snippet: str.
"""


class Octets(Protocol):
    """A message as served, of which a stretch can be read without the rest."""

    def read(self, start: int, stop: int) -> bytes:
        """What lies between two offsets, as a slice would give it."""
        ...


@dataclass(frozen=True, slots=True)
class FolderInfo:
    id: FolderId
    name: str
    uidvalidity: int
    uidnext: int
    highestmodseq: int
    messages: int
    unseen: int
    bytes: int
    special_use: str = ""
    """RFC 6154 attribute, e.g. "\\\\Sent", or ""."""
    subscribed: bool = True
    rights: str = rights.ALL
    """What the session may do in it (RFC 4314)."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A folder's messages in UID order at one modseq, as parallel arrays. Never changed in place."""

    folder: FolderInfo
    uids: "array[int]"
    """typecode "I"."""
    modseqs: "array[int]"
    """typecode "Q"."""
    flags: "array[int]"
    """typecode "B": bits of kernel.flags."""
    keywords: Mapping[int, str] = field(default_factory=dict)
    """uid → stored keywords, only for messages that have some."""
    recent_from: int = 0
    """UIDs from this one on are \\Recent to the session that opened it (RFC 3501 §2.3.2)."""


@dataclass(frozen=True, slots=True)
class MessageState:
    uid: int
    modseq: int
    flags: int
    keywords: str


@dataclass(frozen=True, slots=True)
class Delta:
    """What happened in a folder since a modseq: the journal, folded together."""

    folder: FolderInfo
    expunged: Sequence[int]
    """UIDs, ascending."""
    changed: Sequence[MessageState]
    """New messages and changed flags, by UID ascending."""


@dataclass(frozen=True, slots=True)
class Vanished:
    """UIDs that were expunged since a modseq."""

    ranges: Sequence[tuple[int, int]]
    """(first, last), ascending, apart."""
    exact: bool
    """False where the journal no longer reaches back so far: then every UID below UIDNEXT that does not exist is named."""


@dataclass(frozen=True, slots=True)
class AnnotationChange:
    version: int
    folder: str
    """"" is the mailbox itself."""
    entry: str


@dataclass(frozen=True, slots=True)
class NewMessage:
    raw: bytes
    flags: int = 0
    keywords: frozenset[str] = frozenset()
    internaldate: int | None = None
    """None: now."""


@dataclass(frozen=True, slots=True)
class Appended:
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Copied:
    uidvalidity: int
    pairs: Sequence[tuple[int, int]]
    """(source UID, destination UID), by source ascending; UIDs that no longer exist are left out."""


class FlagMode(StrEnum):
    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class TextLeaf:
    """Substring, case-insensitive, decoded. field: subject, from, to, cc, bcc, body, text, or header."""

    field: str
    needle: str
    header: str = ""
    """The header's name where field is "header"; an empty needle then asks that it exists."""


@dataclass(frozen=True, slots=True)
class DateLeaf:
    field: Literal["internal", "sent", "saved"]
    op: Literal["before", "on", "since"]
    day: date


@dataclass(frozen=True, slots=True)
class SizeLeaf:
    op: Literal["larger", "smaller"]
    octets: int


@dataclass(frozen=True, slots=True)
class AgeLeaf:
    """By INTERNALDATE to the second (RFC 5032): older than a moment, or not older."""

    op: Literal["older", "younger"]
    since: int


SearchLeaf = TextLeaf | DateLeaf | SizeLeaf | AgeLeaf
SortKey = Literal["arrival", "cc", "date", "displayfrom", "displayto", "from", "size", "subject", "to"]
"""RFC 5256 §3, RFC 5957 §3."""
Threading = Literal["orderedsubject", "references", "refs"]


@dataclass(frozen=True, slots=True)
class Threads:
    """Trees of messages in preorder: each with the number of its children, which follow it with theirs."""

    uids: "array[int]"
    """0 stands for a message that is not there and only holds others together."""
    children: "array[int]"


@dataclass(frozen=True, slots=True)
class Quota:
    used_bytes: int
    limit_bytes: int
    """0: no limit."""
    messages: int


class MailStore(Protocol):
    mailbox_id: MailboxId

    def list_folders(self) -> list[FolderInfo]: ...
    def list_subscribed(self) -> list[str]:
        """Subscribed names, including those whose folder is gone (RFC 3501 §6.3.6)."""
        ...

    def get_folder(self, name: str) -> FolderInfo: ...
    def create_folder(self, name: str, special_use: str = "") -> FolderInfo:
        """Creates missing parents too. Conflict where the name exists, BadSyntax where it cannot."""
        ...

    def delete_folder(self, name: str) -> None:
        """A folder with children is refused with Conflict; INBOX with Denied."""
        ...

    def rename_folder(self, old: str, new: str) -> None:
        """Children move along. Renaming INBOX moves its messages and leaves it empty (RFC 9051 §6.3.6)."""
        ...

    def set_subscribed(self, name: str, subscribed: bool) -> None: ...
    def open(self, name: str, *, read_only: bool) -> Snapshot:
        """read_only=False claims the \\Recent messages for this session."""
        ...

    def changes_since(self, folder_id: FolderId, modseq: int) -> Delta:
        """NotFound where the folder was deleted."""
        ...

    def vanished_since(self, folder_id: FolderId, modseq: int) -> Vanished:
        """What was expunged after `modseq`, for clients that come back (RFC 7162 §3.2.10)."""
        ...

    def fetch(self, folder_id: FolderId, uids: Sequence[int], columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
        """One tuple a message, in UID order, `uid` always first; `columns` follow. Gone messages are left out.

        `uids` ascending. A contiguous run of what exists costs one range query. Iterates lazily:
        bodies are read as the caller proceeds.
        """
        ...

    def match(self, folder_id: FolderId, leaf: SearchLeaf, uids: Sequence[int]) -> set[int]:
        """The UIDs among `uids` that a leaf is true for; exact, but one expunged meanwhile may still be among them."""
        ...

    def sort(self, folder_id: FolderId, keys: Sequence[tuple[SortKey, bool]], uids: Sequence[int]) -> Sequence[int]:
        """`uids` (ascending) in the order of RFC 5256 §3, equal ones by UID; True turns a key round."""
        ...

    def thread(self, folder_id: FolderId, how: Threading, uids: Sequence[int]) -> Threads:
        """`uids` (ascending) as conversations (RFC 5256 §3)."""
        ...

    def append(self, name: str, raw: bytes, *, flags: int, keywords: frozenset[str], internaldate: int | None) -> Appended: ...
    def append_many(self, name: str, messages: Sequence[NewMessage], *, replacing: tuple[FolderId, int] | None = None) -> list[Appended]:
        """All or none, in order. `replacing` (folder, UID) is removed in the same step; NotFound where it is gone."""
        ...

    def copy(self, folder_id: FolderId, uids: Sequence[int], target: str) -> Copied: ...
    def move(self, folder_id: FolderId, uids: Sequence[int], target: str) -> Copied: ...
    def store_flags(
        self,
        folder_id: FolderId,
        uids: Sequence[int],
        *,
        mode: FlagMode,
        flags: int,
        keywords: frozenset[str],
        unchanged_since: int | None = None,
    ) -> list[MessageState]:
        """The messages whose state changed, after the change."""
        ...

    def expunge(self, folder_id: FolderId, uids: Iterable[int] | None, *, only_deleted: bool = True) -> list[int]:
        """Remove messages (all with \\Deleted where uids is None); the UIDs removed, ascending."""
        ...

    def get_annotations(self, folder: str) -> Mapping[str, bytes]:
        """By entry, in lower case; of the mailbox itself where `folder` is "" (RFC 5464)."""
        ...

    def set_annotations(self, folder: str, values: Mapping[str, bytes | None]) -> None:
        """All or none; None removes. LimitReached where there would be too many."""
        ...

    def annotation_changes(self, version: int) -> list[AnnotationChange]:
        """What was set or removed after a version, oldest first."""
        ...

    def quota(self) -> Quota: ...
    def claim_recent(self, folder_id: FolderId) -> None:
        """What is in the folder now is \\Recent to no other session; nothing where it is gone."""
        ...

    def mailbox_of(self, folder_id: FolderId) -> MailboxId:
        """Whose folder it is: the mailbox whose events tell of it."""
        ...

    def get_rights(self, name: str) -> str:
        """What the session may do in a folder, as kernel.rights writes it."""
        ...

    def list_grants(self, name: str) -> list[tuple[str, str]]:
        """(identifier, rights) of all who may do something in a folder. Needs the right "a", as the next."""
        ...

    def set_grant(self, name: str, identifier: str, mode: FlagMode, rights: str) -> None:
        """NotFound where nobody is called so; no rights left removes the entry."""
        ...

    def count_deleted(self, folder_id: FolderId) -> tuple[int, int]:
        """How many messages have \\Deleted, and their octets (RFC 9208 §4.2)."""
        ...

    def count_recent(self, folder_id: FolderId) -> int:
        """How many messages the next session to open the folder would find \\Recent."""
        ...
