"""The port between the pages and wherever mail lies, and the frozen rows that cross it.

Methods are synchronous and raise errors of `mailcore.kernel.errors` only. Folder names are
Unicode with "/" between levels; uids identify messages within a folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol

PAGE = 50
Show = Literal["all", "unread", "starred"]
SHOWS: tuple[Show, ...] = ("all", "unread", "starred")

SPECIAL_NAMES = {"\\Drafts": "Drafts", "\\Sent": "Sent", "\\Archive": "Archive", "\\Junk": "Spam", "\\Trash": "Bin"}
SPECIAL_ICONS = {
    "\\Inbox": "inbox",
    "\\Drafts": "file-text",
    "\\Sent": "send",
    "\\Archive": "archive",
    "\\Junk": "shield-alert",
    "\\Trash": "trash-2",
}
SPECIAL_ORDER = ("\\Inbox", "\\Drafts", "\\Sent", "\\Archive", "\\Junk", "\\Trash")


@dataclass(frozen=True, slots=True)
class Folder:
    name: str
    special_use: str
    """RFC 6154 attribute, "\\\\Inbox" for INBOX, or ""."""
    messages: int
    unseen: int

    @property
    def shown_name(self) -> str:
        if self.name == "INBOX":
            return "Inbox"
        return SPECIAL_NAMES.get(self.special_use, self.name)

    @property
    def icon(self) -> str:
        return SPECIAL_ICONS.get(self.special_use, "folder")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    address: str

    @property
    def shown(self) -> str:
        return self.name or self.address

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


@dataclass(frozen=True, slots=True)
class Row:
    """One message as a list shows it."""

    folder: str
    uid: int
    sender: Person
    recipients: tuple[Person, ...]
    subject: str
    arrived: datetime
    size: int
    flags: int
    """Bits of `kernel.flags`."""
    keywords: frozenset[str]
    has_attachment: bool
    snippet: str = ""
    thread_count: int = 1
    """Messages of this conversation, where the store knows."""


@dataclass(frozen=True, slots=True)
class Page:
    rows: tuple[Row, ...]
    """Newest first."""
    total: int
    before: str
    """Give this to get the next page; "" at the end. Means something only to who made it."""


@dataclass(frozen=True, slots=True)
class Attachment:
    number: int
    filename: str
    media_type: str
    size: int
    content_id: str
    is_inline: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """One message opened."""

    row: Row
    reply_to: tuple[Person, ...]
    cc: tuple[Person, ...]
    bcc: tuple[Person, ...]
    message_id: str
    references: tuple[str, ...]
    sent_at: datetime | None
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    authentication: str
    """Authentication-Results put on at the last hop, or ""."""
    list_unsubscribe: str
    digest: str
    """Of the bytes; the key under which what is derived from them may be kept."""


@dataclass(frozen=True, slots=True)
class Query:
    """What to search for. Every field that is set must match."""

    words: tuple[str, ...] = ()
    sender: tuple[str, ...] = ()
    recipient: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    has_attachment: bool = False
    is_unread: bool = False
    is_starred: bool = False
    before: date | None = None
    after: date | None = None
    folder: str = ""
    faults: tuple[str, ...] = field(default=(), compare=False)
    """Terms that could not be understood, as typed."""


@dataclass(frozen=True, slots=True)
class Moved:
    target: str
    uids: tuple[int, ...]
    """In the target; () where the server does not tell."""


class MailAccess(Protocol):
    def list_folders(self) -> list[Folder]:
        """Special folders first, in their usual order, then the others by name."""
        ...

    def list_page(self, folder: str, *, before: str = "", show: Show = "all") -> Page:
        """PAGE rows from where `before` says. NotFound where there is no such folder."""
        ...

    def read_raw(self, folder: str, uid: int) -> bytes: ...

    def find_row(self, folder: str, uid: int) -> Row:
        """NotFound where it is gone."""
        ...

    def find_rows(self, folder: str, uids: Sequence[int]) -> list[Row]:
        """Newest first; those that are gone are left out."""
        ...

    def set_flag(self, folder: str, uids: Sequence[int], *, flag: int = 0, keyword: str = "", on: bool) -> None: ...

    def move(self, folder: str, uids: Sequence[int], target: str) -> Moved: ...

    def delete_for_good(self, folder: str, uids: Sequence[int]) -> None: ...

    def find_special(self, special_use: str) -> str:
        """The name of the folder with that use, made where it is missing."""
        ...

    def append(self, folder: str, raw: bytes, *, flags: int) -> int:
        """The uid it got, 0 where the server does not tell."""
        ...

    def search(self, query: Query, *, limit: int = PAGE) -> list[Row]:
        """Newest first, at most `limit`. Without a folder: everywhere but Spam and Bin."""
        ...

    def room(self) -> tuple[int, int]:
        """Bytes used and allowed; allowed 0 is no limit."""
        ...
