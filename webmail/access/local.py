"""MailAccess over the store of this very system, in process."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from django.utils import timezone

from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import FolderId
from mailcore.kernel.mailstore import FlagMode, FolderInfo, MailStore, TextLeaf
from mailcore.mime import addresses
from mailcore.store import listing, reading
from mailcore.store.listing import Listing
from mailcore.store.reading import ListRow
from mailcore.store.search import finding
from mailcore.store.search.finding import Wanted
from mailcore.store.writer.special import set_special_use

from .port import PAGE, PLAIN, SPECIAL_NAMES, SPECIAL_ORDER, Folder, Found, Moved, Page, Person, Query, Row, View


class LocalMail:
    def __init__(self, store: MailStore) -> None:
        self.store = store
        self._infos: list[FolderInfo] | None = None

    def list_folders(self) -> list[Folder]:
        return sort_folders([_folder(info) for info in self._list_infos()])

    def list_page(self, folder: str, *, before: str = "", view: View = PLAIN) -> Page:
        info = self._get(folder)
        page = listing.list_sorted(mailbox_id=self.store.mailbox_id, folder_id=info.id, listing=_listing(view), after=before, limit=PAGE)
        return Page(tuple(_row(folder, found) for found in page.rows), info.messages, page.older)

    def list_thread(self, row: Row) -> list[Row]:
        if not row.thread:
            return [row]
        names = {info.id: info.name for info in self._list_infos()}
        rows = reading.list_thread(mailbox_id=self.store.mailbox_id, thread_id=row.thread)
        return [_row(names[one.folder_id], one) for one in rows if one.folder_id in names] or [row]

    def list_of_threads(self, folder: str, uids: Sequence[int]) -> list[int]:
        found = reading.list_thread_uids(mailbox_id=self.store.mailbox_id, folder_id=self._get(folder).id, uids=uids)
        return sorted({*found, *uids})

    def create_folder(self, name: str) -> None:
        self._infos = None
        self.store.create_folder(name)

    def rename_folder(self, old: str, new: str) -> None:
        self._infos = None
        self.store.rename_folder(old, new)

    def delete_folder(self, name: str) -> None:
        self._infos = None
        self.store.delete_folder(name)

    def set_subscribed(self, name: str, is_subscribed: bool) -> None:
        self._infos = None
        self.store.set_subscribed(name, is_subscribed)

    def set_special(self, name: str, special_use: str) -> None:
        self._infos = None
        set_special_use(mailbox_id=self.store.mailbox_id, name=name, special_use=special_use)

    def read_raw(self, folder: str, uid: int) -> bytes:
        info = self._get(folder)
        for _, raw in self.store.fetch(info.id, [uid], ("raw",)):
            return bytes(raw)
        raise NotFound("This message is gone.")

    def find_row(self, folder: str, uid: int) -> Row:
        rows = self.find_rows(folder, [uid])
        if not rows:
            raise NotFound("This message is gone.")
        return rows[0]

    def find_rows(self, folder: str, uids: Sequence[int]) -> list[Row]:
        info = self._get(folder)
        found = reading.list_rows(mailbox_id=self.store.mailbox_id, folder_id=info.id, uids=list(uids))
        return [_row(folder, one) for one in found]

    def set_flag(self, folder: str, uids: Sequence[int], *, flag: int = 0, keyword: str = "", on: bool) -> list[int]:
        info = self._get(folder)
        mode = FlagMode.ADD if on else FlagMode.REMOVE
        words = frozenset((keyword,)) if keyword else frozenset[str]()
        changed = self.store.store_flags(info.id, sorted(uids), mode=mode, flags=flag, keywords=words)
        self._infos = None
        return [state.uid for state in changed]

    def list_uids(self, folder: str, view: View) -> list[int]:
        return listing.list_uids(mailbox_id=self.store.mailbox_id, folder_id=self._get(folder).id, listing=_listing(view))

    def move(self, folder: str, uids: Sequence[int], target: str) -> Moved:
        copied = self.store.move(self._get(folder).id, sorted(uids), target)
        self._infos = None
        return Moved(target, tuple(new for _, new in copied.pairs))

    def copy(self, folder: str, uids: Sequence[int], target: str) -> Moved:
        copied = self.store.copy(self._get(folder).id, sorted(uids), target)
        self._infos = None
        return Moved(target, tuple(new for _, new in copied.pairs))

    def delete_for_good(self, folder: str, uids: Sequence[int]) -> None:
        self.store.expunge(self._get(folder).id, sorted(uids), only_deleted=False)
        self._infos = None

    def find_special(self, special_use: str) -> str:
        for info in self._list_infos():
            if info.special_use == special_use:
                return info.name
        self._infos = None
        return self.store.create_folder(SPECIAL_NAMES[special_use], special_use).name

    def append(
        self, folder: str, raw: bytes, *, flags: int, keywords: frozenset[str] = frozenset(), arrived: datetime | None = None
    ) -> int:
        self._infos = None
        moment = None if arrived is None else int(arrived.timestamp())
        return self.store.append(folder, raw, flags=flags, keywords=keywords, internaldate=moment).uid

    def search(self, query: Query, *, before: str = "", limit: int = PAGE) -> Found:
        infos = self._list_infos()
        chosen = [info for info in infos if query.folder and is_called(_folder(info), query.folder)]
        if query.folder and not chosen:
            return Found(())
        page = finding.find(mailbox_id=self.store.mailbox_id, wanted=_wanted(query, chosen, infos), after=before, limit=limit)
        names = {info.id: info.name for info in infos}
        rows = tuple(_row(names[one.folder_id], one) for one in page.rows if one.folder_id in names)
        return Found(rows, page.older, page.total, page.unindexed)

    def list_heaviest(self, *, limit: int) -> list[Row]:
        names = {info.id: info.name for info in self._list_infos()}
        rows = reading.list_heaviest(mailbox_id=self.store.mailbox_id, limit=limit)
        return [_row(names[one.folder_id], one) for one in rows if one.folder_id in names]

    def room(self) -> tuple[int, int]:
        quota = self.store.quota()
        return quota.used_bytes, quota.limit_bytes

    def _list_infos(self) -> list[FolderInfo]:
        """Read once an access, and again after each change made by it."""
        if self._infos is None:
            self._infos = self.store.list_folders()
        return self._infos

    def _get(self, name: str) -> FolderInfo:
        for info in self._list_infos():
            if info.name == name:
                return info
        raise NotFound("There is no such folder.", repr(name))


def sort_folders(folders: list[Folder]) -> list[Folder]:
    def place(folder: Folder) -> tuple[int, list[str]]:
        special = folder.special_use
        position = SPECIAL_ORDER.index(special) if special in SPECIAL_ORDER else len(SPECIAL_ORDER)
        return position, [level.casefold() for level in folder.name.split("/")]

    return sorted(folders, key=place)


def is_called(folder: Folder, typed: str) -> bool:
    """By its name or by the one that is shown, whatever the case."""
    return typed.casefold() in (folder.name.casefold(), folder.shown_name.casefold())


def _listing(view: View) -> Listing:
    return Listing(view.sort, view.is_ascending, view.shows, view.keyword, view.is_by_thread)


def _wanted(query: Query, chosen: list[FolderInfo], infos: list[FolderInfo]) -> Wanted:
    texts = [TextLeaf("text", word) for word in query.words]
    for name, values in (("from", query.sender), ("to", query.recipient), ("subject", query.subject)):
        texts += [TextLeaf(name, value) for value in values]
    flags = {
        "unread": query.is_unread,
        "read": query.is_read,
        "starred": query.is_starred,
        "unanswered": query.is_unanswered,
        "attachment": query.has_attachment or bool(query.filename),
        "list": query.is_list,
    }
    return Wanted(
        texts=tuple(texts),
        without=tuple(TextLeaf("text", word) for word in query.without),
        filenames=query.filename,
        folder_ids=tuple(FolderId(info.id) for info in chosen),
        excluded=() if chosen else tuple(info.id for info in infos if info.special_use in ("\\Junk", "\\Trash")),
        filters=tuple(name for name, is_set in flags.items() if is_set),
        keyword=query.label,
        since=_midnight(query.after),
        until=_midnight(query.before),
        larger=query.larger,
        smaller=query.smaller,
    )


def _midnight(day: date | None) -> int | None:
    """The start of a day where the person is."""
    return None if day is None else int(datetime.combine(day, time(), timezone.get_current_timezone()).timestamp())


def _folder(info: FolderInfo) -> Folder:
    special = "\\Inbox" if info.name == "INBOX" else info.special_use
    return Folder(info.name, special, info.messages, info.unseen, info.bytes, info.subscribed)


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
        thread=found.thread_id,
    )
