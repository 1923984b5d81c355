"""MailAccess over the store of this very system, in process."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from mailcore.kernel import flags as flag_bits
from mailcore.kernel.errors import NotFound
from mailcore.kernel.mailstore import Column, DateLeaf, FlagMode, FolderInfo, MailStore, SearchLeaf, Snapshot, TextLeaf
from mailcore.mime.headers import Headers
from mailcore.mime.parts import Part
from mailcore.mime.summary import count_attachments

from .opened import first_person, people
from .port import PAGE, SPECIAL_NAMES, SPECIAL_ORDER, Folder, Moved, Page, Query, Row, Show

_COLUMNS: tuple[Column, ...] = ("size", "internaldate", "header", "structure", "snippet")
_SEARCH_STEP = 500


class LocalMail:
    def __init__(self, store: MailStore) -> None:
        self.store = store

    def list_folders(self) -> list[Folder]:
        return sort_folders([_folder(info) for info in self.store.list_folders()])

    def list_page(self, folder: str, *, before: int | None = None, show: Show = "all") -> Page:
        snapshot = self.store.open(folder, read_only=True)
        chosen = list(_newest(snapshot, before, show, PAGE + 1))
        rows = self._rows(folder, snapshot, sorted(chosen[:PAGE]))
        return Page(tuple(reversed(rows)), len(snapshot.uids), chosen[PAGE - 1] if len(chosen) > PAGE else None)

    def read_raw(self, folder: str, uid: int) -> bytes:
        info = self.store.get_folder(folder)
        for _, raw in self.store.fetch(info.id, [uid], ("raw",)):
            return bytes(raw)
        raise NotFound("This message is gone.")

    def find_row(self, folder: str, uid: int) -> Row:
        rows = self._rows(folder, self.store.open(folder, read_only=True), [uid])
        if not rows:
            raise NotFound("This message is gone.")
        return rows[0]

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
            if query.folder and info.name != query.folder:
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
            rows += reversed(hits)
            if len(rows) >= limit:
                break
        return rows[:limit]

    def _rows(self, folder: str, snapshot: Snapshot, uids: Sequence[int]) -> list[Row]:
        return [
            _row(folder, snapshot, *fields)
            for fields in self.store.fetch(snapshot.folder.id, uids, _COLUMNS)
        ]


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
        if (before is not None and uid >= before) or (show == "unread" and bits & flag_bits.SEEN) or (show == "starred" and not bits & flag_bits.FLAGGED):
            continue
        yield uid
        given += 1
        if given == limit:
            return


def _flags_of(snapshot: Snapshot, uid: int) -> int:
    index = bisect_left(snapshot.uids, uid)
    return snapshot.flags[index] if index < len(snapshot.uids) and snapshot.uids[index] == uid else 0


def _row(folder: str, snapshot: Snapshot, uid: int, size: int, arrived: int, header: bytes, structure: Part, snippet: str) -> Row:
    headers = Headers.parse(bytes(header))
    return Row(
        folder=folder,
        uid=uid,
        sender=first_person(headers, "from"),
        recipients=people(headers, "to"),
        subject=headers.get("subject") or "",
        arrived=datetime.fromtimestamp(arrived, UTC),
        size=size,
        flags=_flags_of(snapshot, uid),
        keywords=flag_bits.split_keywords(snapshot.keywords.get(uid, "")),
        has_attachment=count_attachments(structure) > 0,
        snippet=snippet,
    )
