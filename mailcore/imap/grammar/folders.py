"""CREATE, DELETE, RENAME, SUBSCRIBE, STATUS (RFC 3501 §6.3; RFC 6154 §3)."""

from dataclasses import dataclass

from .cursor import BadCommand, Cursor
from .names import DELIMITER, parse_name

STATUS_ITEMS = (
    b"MESSAGES", b"RECENT", b"UIDNEXT", b"UIDVALIDITY", b"UNSEEN", b"HIGHESTMODSEQ", b"SIZE", b"MAILBOXID", b"DELETED", b"APPENDLIMIT",
    b"DELETED-STORAGE",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Create:
    name: str
    special_uses: tuple[str, ...] = ()
    """As the client wrote them."""


@dataclass(frozen=True, slots=True)
class Rename:
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Status:
    name: str
    items: tuple[bytes, ...]


def parse_folder(cursor: Cursor) -> str:
    cursor.space()
    return parse_name(cursor)


def parse_create(cursor: Cursor) -> Create:
    """A delimiter at the end only announces children (RFC 3501 §6.3.3)."""
    name = parse_folder(cursor).removesuffix(DELIMITER)
    uses: list[str] = []
    if cursor.skip(b" ("):
        if cursor.word() != b"USE":
            raise BadCommand("CREATE takes no such parameter")
        cursor.space()
        cursor.expect(b"(")
        while not cursor.skip(b")"):
            if uses:
                cursor.space()
            uses.append(cursor.flag().decode("ascii"))
        cursor.expect(b")")
    return Create(name, tuple(uses))


def parse_rename(cursor: Cursor) -> Rename:
    old = parse_folder(cursor)
    return Rename(old, parse_folder(cursor).removesuffix(DELIMITER))


def parse_status(cursor: Cursor) -> Status:
    name = parse_folder(cursor)
    cursor.space()
    return Status(name, parse_status_items(cursor))


def parse_status_items(cursor: Cursor) -> tuple[bytes, ...]:
    items = tuple(dict.fromkeys(cursor.words_in_list()))
    if not items or not set(items) <= set(STATUS_ITEMS):
        raise BadCommand("STATUS knows no such item")
    return items
