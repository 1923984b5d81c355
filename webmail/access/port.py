"""The port between the pages and wherever mail lies, and the frozen rows that cross it.

Methods are synchronous and raise errors of `mailcore.kernel.errors` only. Folder names are
Unicode with "/" between levels; uids identify messages within a folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from django.utils.translation import gettext, gettext_noop

PAGE = 50
RASTER = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"))
SORTS = ("date", "from", "to", "subject", "size", "sent", "unread", "starred", "attachment")
SHOWS = ("unread", "starred", "attachment", "list", "unanswered")
"""Quick filters; several may hold together."""

SPECIAL_NAMES = {"\\Drafts": "Drafts", "\\Sent": "Sent", "\\Archive": "Archive", "\\Junk": "Spam", "\\Trash": "Bin"}
"""The names they are made with. People see them in their own language."""
_SHOWN_NAMES = {
    "\\Drafts": gettext_noop("folder|Drafts"),
    "\\Sent": gettext_noop("folder|Sent"),
    "\\Archive": gettext_noop("folder|Archive"),
    "\\Junk": gettext_noop("folder|Spam"),
    "\\Trash": gettext_noop("folder|Bin"),
}
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
    size: int = 0
    """Octets, 0 where the server does not tell."""
    is_subscribed: bool = True

    @property
    def shown_name(self) -> str:
        if self.name == "INBOX":
            return gettext("Inbox")
        usual = _SHOWN_NAMES.get(self.special_use)
        # What stands before the bar only tells translators that a place is meant, not a verb.
        return self.name if usual is None else gettext(usual).rpartition("|")[2]

    @property
    def depth(self) -> int:
        return 0 if self.special_use else self.name.count("/")

    @property
    def label(self) -> str:
        """The last level of the name, for a place below its parent."""
        return self.shown_name if self.special_use else self.name.rpartition("/")[2]

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
    thread: int = 0
    """Names the conversation, 0 where the server knows none."""


@dataclass(frozen=True, slots=True)
class View:
    """How a folder is looked at."""

    sort: str = "date"
    """One of SORTS."""
    is_ascending: bool = False
    shows: tuple[str, ...] = ()
    """Of SHOWS; all must hold."""
    keyword: str = ""
    is_by_thread: bool = False
    """One row a conversation, where the server knows them."""

    @property
    def is_plain(self) -> bool:
        return not self.shows and not self.keyword


PLAIN = View()


@dataclass(frozen=True, slots=True)
class Page:
    rows: tuple[Row, ...]
    total: int
    """Messages of the folder, whatever is left out of the page."""
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

    @property
    def is_picture(self) -> bool:
        """Of a format that browsers show and that can hold no script."""
        return self.media_type in RASTER


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
    is_one_click: bool
    """RFC 8058: the list takes an unsubscription by POST."""
    list_id: str
    list_post: str
    digest: str
    """Of the bytes; the key under which what is derived from them may be kept."""

    @property
    def unsubscribe(self) -> bool:
        return bool(self.list_unsubscribe)

    @property
    def list_name(self) -> str:
        """As the list calls itself (RFC 2919): its description, or else its id."""
        name, bracket, rest = self.list_id.partition("<")
        return name.strip().strip('"') or rest.partition(">")[0] if bracket else self.list_id.strip()


@dataclass(frozen=True, slots=True)
class Query:
    """What to search for. Every field that is set must match."""

    words: tuple[str, ...] = ()
    sender: tuple[str, ...] = ()
    recipient: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    filename: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    """Words that must not occur."""
    has_attachment: bool = False
    is_unread: bool = False
    is_read: bool = False
    is_starred: bool = False
    is_unanswered: bool = False
    is_list: bool = False
    label: str = ""
    """A keyword."""
    larger: int | None = None
    smaller: int | None = None
    """Octets."""
    before: date | None = None
    after: date | None = None
    folder: str = ""
    faults: tuple[str, ...] = field(default=(), compare=False)
    """Terms that could not be understood, as typed."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what a search found."""

    rows: tuple[Row, ...]
    """Newest first."""
    before: str = ""
    """Give this to get the next page; "" at the end."""
    total: int | None = None
    """How many there are in all, where that is known."""
    unindexed: int = 0
    """Messages too new to have been looked at."""


@dataclass(frozen=True, slots=True)
class Moved:
    target: str
    uids: tuple[int, ...]
    """In the target, in the order of those in the source; () where the server does not tell."""


class MailAccess(Protocol):
    def list_folders(self) -> list[Folder]:
        """Special folders first, in their usual order, then the others by name."""
        ...

    def list_page(self, folder: str, *, before: str = "", view: View = PLAIN) -> Page:
        """PAGE rows from where `before` says, which came from a page of the same view. NotFound where there is no such folder."""
        ...

    def list_thread(self, row: Row) -> list[Row]:
        """The conversation of a message over all folders, oldest first; at least the message itself."""
        ...

    def list_of_threads(self, folder: str, uids: Sequence[int]) -> list[int]:
        """These and every other message of their conversations in the same folder, ascending."""
        ...

    def create_folder(self, name: str) -> None:
        """Missing parents too. Conflict where it exists, BadSyntax where it cannot be called so."""
        ...

    def rename_folder(self, old: str, new: str) -> None:
        """Folders below move along."""
        ...

    def delete_folder(self, name: str) -> None:
        """With the messages in it. Conflict where there are folders below, Denied for INBOX."""
        ...

    def set_subscribed(self, name: str, is_subscribed: bool) -> None: ...

    def set_special(self, name: str, special_use: str) -> None:
        """Give a folder the use, or "" for none; another that had it loses it. Denied where the server cannot."""
        ...

    def read_raw(self, folder: str, uid: int) -> bytes: ...

    def find_row(self, folder: str, uid: int) -> Row:
        """NotFound where it is gone."""
        ...

    def find_rows(self, folder: str, uids: Sequence[int]) -> list[Row]:
        """Newest first; those that are gone are left out."""
        ...

    def set_flag(self, folder: str, uids: Sequence[int], *, flag: int = 0, keyword: str = "", on: bool) -> list[int]:
        """The uids that were otherwise before; all of them where the server does not tell."""
        ...

    def list_uids(self, folder: str, view: View) -> list[int]:
        """All messages that a view of a folder would show."""
        ...

    def move(self, folder: str, uids: Sequence[int], target: str) -> Moved: ...

    def delete_for_good(self, folder: str, uids: Sequence[int]) -> None: ...

    def copy(self, folder: str, uids: Sequence[int], target: str) -> Moved: ...

    def find_special(self, special_use: str) -> str:
        """The name of the folder with that use, made where it is missing."""
        ...

    def append(
        self, folder: str, raw: bytes, *, flags: int, keywords: frozenset[str] = frozenset(), arrived: datetime | None = None
    ) -> int:
        """The uid it got, 0 where the server does not tell."""
        ...

    def search(self, query: Query, *, before: str = "", limit: int = PAGE) -> Found:
        """Newest first, at most `limit`. Without a folder: everywhere but Spam and Bin."""
        ...

    def list_heaviest(self, *, limit: int) -> list[Row]:
        """The largest messages of all folders, the largest first."""
        ...

    def room(self) -> tuple[int, int]:
        """Bytes used and allowed; allowed 0 is no limit."""
        ...
