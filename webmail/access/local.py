"""MailAccess over the store of this very system, in process."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from mailcore.kernel import flags as flag_bits
from mailcore.kernel.errors import BadSyntax, NotFound
from mailcore.kernel.mailstore import DateLeaf, FlagMode, FolderInfo, MailStore, SearchLeaf, Snapshot, TextLeaf
from mailcore.mime import addresses
from mailcore.store import reading
from mailcore.store.reading import ListRow

from .port import PAGE, SPECIAL_NAMES, SPECIAL_ORDER, Folder, Moved, Page, Person, Query, Row, Show

_SEARCH_STEP = 500


class LocalMail:
    def __init__(self, store: MailStore) -> None:
        self.store = store

    def list_folders(self) -> list[Folder]:
        return sort_folders([_folder(info) for info in self.store.list_folders()])

    def list_page(self, folder: str, *, before: str = "", show: Show = "all") -> Page:
        info = self.store.get_folder(folder)
        if show == "all":
            page = reading.list_page(mailbox_id=self.store.mailbox_id, folder_id=info.id, before=_read_key(before), limit=PAGE)
            return Page(tuple(_row(folder, found) for found in page.rows), info.messages, _write_key(page.older))
        snapshot = self.store.open(folder, read_only=True)
        last = _read_key(before)
        chosen = list(_newest(snapshot, last[1] if last else None, show, PAGE + 1))
        rows = self._rows(folder, snapshot, chosen[:PAGE])
        return Page(tuple(rows), info.messages, f"0.{chosen[PAGE - 1]}" if len(chosen) > PAGE else "")

    def read_raw(self, folder: str, uid: int) -> bytes:
        info = self.store.get_folder(folder)
        for _, raw in self.store.fetch(info.id, [uid], ("raw",)):
            return bytes(raw)
        raise NotFound("This message is gone.")

    def find_row(self, folder: str, uid: int) -> Row:
        rows = self.find_rows(folder, [uid])
        if not rows:
            raise NotFound("This message is gone.")
        return rows[0]

    def find_rows(self, folder: str, uids: Sequence[int]) -> list[Row]:
        info = self.store.get_folder(folder)
        found = reading.list_rows(mailbox_id=self.store.mailbox_id, folder_id=info.id, uids=list(uids))
        return [_row(folder, one) for one in found]

    def set_flag(self, folder: str, uids: Sequence[int], *, flag: int = 0, keyword: str = "", on: bool) -> None:
        info = self.store.get_folder(folder)
        mode = FlagMode.ADD if on else FlagMode.REMOVE
        self.store.store_flags(info.id, sorted(uids), mode=mode, flags=flag, keywords=frozenset((keyword,)) if keyword else frozenset())

    def move(self, folder: str, uids: Sequence[int], target: str) -> Moved:
        copied = self.store.move(self.store.get_folder(folder).id, sorted(uids), target)
        return Moved(target, tuple(new for _, new in copied.pairs))

    def delete_for_good(self, folder: str, uids: Sequence[int]) -> None:
        self.store.expunge(self.store.get_folder(folder).id, sorted(uids), only_deleted=False)

    def find_special(self, special_use: str) -> str:
        for info in self.store.list_folders():
            if info.special_use == special_use:
                return info.name
        return self.store.create_folder(SPECIAL_NAMES[special_use], special_use).name

    def append(self, folder: str, raw: bytes, *, flags: int) -> int:
        return self.store.append(folder, raw, flags=flags, keywords=frozenset(), internaldate=None).uid

    def search(self, query: Query, *, limit: int = PAGE) -> list[Row]:
        found: list[Row] = []
        for info in self.store.list_folders():
            if query.folder and query.folder.casefold() not in (info.name.casefold(), _folder(info).shown_name.casefold()):
                continue
            if not query.folder and info.special_use in ("\\Junk", "\\Trash"):
                continue
            found += self._search_folder(info, query, limit)
        return sorted(found, key=lambda row: row.arrived, reverse=True)[:limit]

    def room(self) -> tuple[int, int]:
        quota = self.store.quota()
        return quota.used_bytes, quota.limit_bytes

    def _search_folder(self, info: FolderInfo, query: Query, limit: int) -> list[Row]:
        snapshot = self.store.open(info.name, read_only=True)
        candidates = list(_newest(snapshot, None, "unread" if query.is_unread else "all", len(snapshot.uids)))
        if query.is_starred:
            candidates = [uid for uid in candidates if _flags_of(snapshot, uid) & flag_bits.FLAGGED]
        rows: list[Row] = []
        # Newest first and in steps, so that a common word does not make the whole folder be read.
        for start in range(0, len(candidates), _SEARCH_STEP):
            uids = sorted(candidates[start : start + _SEARCH_STEP])
            for leaf in leaves(query):
                uids = sorted(self.store.match(info.id, leaf, uids)) if uids else []
            hits = [row for row in self._rows(info.name, snapshot, uids) if row.has_attachment or not query.has_attachment]
            rows += hits
            if len(rows) >= limit:
                break
        return rows[:limit]

    def _rows(self, folder: str, snapshot: Snapshot, uids: Sequence[int]) -> list[Row]:
        """Newest first."""
        found = reading.list_rows(mailbox_id=self.store.mailbox_id, folder_id=snapshot.folder.id, uids=list(uids))
        return [_row(folder, one) for one in found]


def sort_folders(folders: list[Folder]) -> list[Folder]:
    def place(folder: Folder) -> tuple[int, str]:
        special = folder.special_use
        return (SPECIAL_ORDER.index(special) if special in SPECIAL_ORDER else len(SPECIAL_ORDER), folder.name.casefold())

    return sorted(folders, key=place)


def leaves(query: Query) -> Iterator[SearchLeaf]:
    yield from (TextLeaf("text", word) for word in query.words)
    yield from (TextLeaf("from", word) for word in query.sender)
    yield from (TextLeaf("to", word) for word in query.recipient)
    yield from (TextLeaf("subject", word) for word in query.subject)
    if query.before:
        yield DateLeaf("internal", "before", query.before)
    if query.after:
        yield DateLeaf("internal", "since", query.after)


def _folder(info: FolderInfo) -> Folder:
    return Folder(info.name, "\\Inbox" if info.name == "INBOX" else info.special_use, info.messages, info.unseen)


def _newest(snapshot: Snapshot, before: int | None, show: Show, limit: int) -> Iterator[int]:
    given = 0
    for index in range(len(snapshot.uids) - 1, -1, -1):
        uid, bits = snapshot.uids[index], snapshot.flags[index]
        if (
            (before is not None and uid >= before)
            or (show == "unread" and bits & flag_bits.SEEN)
            or (show == "starred" and not bits & flag_bits.FLAGGED)
        ):
            continue
        yield uid
        given += 1
        if given == limit:
            return


def _flags_of(snapshot: Snapshot, uid: int) -> int:
    index = bisect_left(snapshot.uids, uid)
    return snapshot.flags[index] if index < len(snapshot.uids) and snapshot.uids[index] == uid else 0


def _read_key(before: str) -> tuple[int, int] | None:
    """The place in the list that a page ended at: arrival and uid."""
    if not before:
        return None
    moment, _, uid = before.partition(".")
    if not all(text.isascii() and text.isdecimal() and len(text) <= 12 for text in (moment, uid)):
        raise BadSyntax("That is not a place in this list.", repr(before))
    return int(moment), int(uid)


def _write_key(key: tuple[int, int] | None) -> str:
    return f"{key[0]}.{key[1]}" if key else ""


def _row(folder: str, found: ListRow) -> Row:
    recipients = tuple(Person(mailbox.name, mailbox.address) for mailbox in addresses.list_mailboxes(found.to_text))
    return Row(
        folder=folder,
        uid=found.uid,
        sender=Person(found.from_name, found.from_address),
        recipients=recipients,
        subject=found.subject,
        arrived=datetime.fromtimestamp(found.internaldate, UTC),
        size=found.size,
        flags=found.flags,
        keywords=found.keywords,
        has_attachment=found.has_attachment,
        snippet=found.snippet,
        thread_count=found.thread_count,
    )
