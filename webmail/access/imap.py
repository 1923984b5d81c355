"""MailAccess over any IMAP server, by IMAPClient. One connection, not to be shared between threads.

What a server does not have (special-use, MOVE, UIDPLUS) is gone without: folders are then
found by their usual names and new uids are not told.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from mailcore.kernel import flags as flag_bits
from mailcore.kernel.errors import Deferred, Denied, NotFound
from mailcore.mime.headers import Headers

from .local import is_called, sort_folders
from .opened import first_person, people
from .port import PAGE, PLAIN, SPECIAL_NAMES, Folder, Found, Moved, Page, Query, Row, View

_ITEMS = ("FLAGS", "RFC822.SIZE", "INTERNALDATE", "BODY.PEEK[HEADER]", "BODYSTRUCTURE")
_SHOW_TERMS = {"unread": "UNSEEN", "starred": "FLAGGED", "unanswered": "UNANSWERED"}
_SORT_KEYS = {"date": "ARRIVAL", "sent": "DATE", "from": "FROM", "to": "TO", "subject": "SUBJECT", "size": "SIZE"}
_USUAL_NAMES = {
    "drafts": "\\Drafts",
    "sent": "\\Sent",
    "archive": "\\Archive",
    "junk": "\\Junk",
    "spam": "\\Junk",
    "trash": "\\Trash",
    "bin": "\\Trash",
}
_COPYUID_PARTS = 3


@contextmanager
def _as_mail_errors() -> Iterator[None]:
    try:
        yield
    except IMAPClientError as error:
        text = str(error)
        if any(word in text.upper() for word in ("NONEXISTENT", "NO SUCH", "DOES NOT EXIST", "DOESN'T EXIST", "NOT FOUND", "THERE IS NO")):
            raise NotFound("There is no such folder.", text) from error
        raise Deferred("The mail server does not answer as it should.", text) from error
    except OSError as error:
        raise Deferred("The mail server does not answer.", str(error)) from error


class ImapMail:
    def __init__(self, client: IMAPClient) -> None:
        """`client` is logged in."""
        self.client = client
        self.selected = ""

    def list_folders(self) -> list[Folder]:
        with _as_mail_errors():
            subscribed = {name for _, _, name in self.client.list_sub_folders()}
            return sort_folders(
                [
                    self._status(flags, delimiter, name, is_subscribed=name in subscribed)
                    for flags, delimiter, name in self.client.list_folders()
                    if b"\\Noselect" not in flags
                ]
            )

    def list_page(self, folder: str, *, before: str = "", view: View = PLAIN) -> Page:
        """Orders that the server cannot sort by are those of the uids; the place in a list is a number of rows then."""
        skipped = int(before) if before.isascii() and before.isdecimal() and len(before) < 10 else 0
        with _as_mail_errors():
            self._select(folder)
            total = int(self.client.folder_status(self._wire(folder), [b"MESSAGES"])[b"MESSAGES"])
            uids = self._sort(view)
            rows = {row.uid: row for row in self._rows(folder, uids[skipped : skipped + PAGE])}
        shown = [rows[uid] for uid in uids[skipped : skipped + PAGE] if uid in rows]
        if "attachment" in view.shows:
            shown = [row for row in shown if row.has_attachment]
        return Page(tuple(shown), total, str(skipped + PAGE) if len(uids) > skipped + PAGE else "")

    def list_thread(self, row: Row) -> list[Row]:
        """An IMAP server does not tell conversations across folders."""
        return [row]

    def list_of_threads(self, folder: str, uids: Sequence[int]) -> list[int]:
        return sorted(uids)

    def create_folder(self, name: str) -> None:
        with _as_mail_errors():
            self.client.create_folder(self._wire(name))

    def rename_folder(self, old: str, new: str) -> None:
        with _as_mail_errors():
            self.client.rename_folder(self._wire(old), self._wire(new))

    def delete_folder(self, name: str) -> None:
        with _as_mail_errors():
            self.client.delete_folder(self._wire(name))

    def set_subscribed(self, name: str, is_subscribed: bool) -> None:
        with _as_mail_errors():
            (self.client.subscribe_folder if is_subscribed else self.client.unsubscribe_folder)(self._wire(name))

    def set_special(self, name: str, special_use: str) -> None:
        raise Denied("This server does not let the use of a folder be changed.")

    def read_raw(self, folder: str, uid: int) -> bytes:
        with _as_mail_errors():
            self._select(folder)
            found = self.client.fetch([uid], ["BODY.PEEK[]"])
        if uid not in found:
            raise NotFound("This message is gone.")
        return bytes(found[uid][b"BODY[]"])

    def find_row(self, folder: str, uid: int) -> Row:
        rows = self.find_rows(folder, [uid])
        if not rows:
            raise NotFound("This message is gone.")
        return rows[0]

    def find_rows(self, folder: str, uids: Sequence[int]) -> list[Row]:
        with _as_mail_errors():
            self._select(folder)
            return self._rows(folder, uids)

    def set_flag(self, folder: str, uids: Sequence[int], *, flag: int = 0, keyword: str = "", on: bool) -> list[int]:
        names = [name.encode() for name in [*flag_bits.names(flag), *([keyword] if keyword else [])]]
        with _as_mail_errors():
            self._select(folder)
            (self.client.add_flags if on else self.client.remove_flags)(list(uids), names, silent=True)
        return list(uids)

    def list_uids(self, folder: str, view: View) -> list[int]:
        with _as_mail_errors():
            self._select(folder)
            return sorted(self._sort(view))

    def move(self, folder: str, uids: Sequence[int], target: str) -> Moved:
        with _as_mail_errors():
            self._select(folder)
            if self.client.has_capability("MOVE"):
                self.client.move(list(uids), self._wire(target))
                # RFC 6851 §4.3: with MOVE the code comes before the answer, where only imaplib keeps it.
                answer = b"[COPYUID " + (self.client._imap.response("COPYUID")[1][-1] or b"") + b"]"
            else:
                answer = self.client.copy(list(uids), self._wire(target))
                self._expunge(uids)
        return Moved(target, _read_copyuid(answer))

    def copy(self, folder: str, uids: Sequence[int], target: str) -> Moved:
        with _as_mail_errors():
            self._select(folder)
            answer = self.client.copy(list(uids), self._wire(target))
            kept = self.client._imap.response("COPYUID")[1][-1] or b""
        return Moved(target, _read_copyuid(answer) or _read_copyuid(b"[COPYUID " + kept + b"]"))

    def delete_for_good(self, folder: str, uids: Sequence[int]) -> None:
        with _as_mail_errors():
            self._select(folder)
            self._expunge(uids)

    def find_special(self, special_use: str) -> str:
        for folder in self.list_folders():
            if folder.special_use == special_use:
                return folder.name
        name = SPECIAL_NAMES[special_use]
        with _as_mail_errors():
            self.client.create_folder(self._wire(name))
        return name

    def append(
        self, folder: str, raw: bytes, *, flags: int, keywords: frozenset[str] = frozenset(), arrived: datetime | None = None
    ) -> int:
        names = [name.encode() for name in (*flag_bits.names(flags), *keywords)]
        with _as_mail_errors():
            answer = self.client.append(self._wire(folder), raw, flags=names, msg_time=arrived)
        text = answer if isinstance(answer, bytes) else b""
        _, found, rest = text.partition(b"APPENDUID ")
        return int(rest.split(b"]")[0].split()[1]) if found else 0

    def search(self, query: Query, *, before: str = "", limit: int = PAGE) -> Found:
        """Folder by folder: the first page only, `before` is not known here."""
        found: list[Row] = []
        for folder in self.list_folders():
            if (query.folder and not is_called(folder, query.folder)) or (not query.folder and folder.special_use in ("\\Junk", "\\Trash")):
                continue
            with _as_mail_errors():
                self._select(folder.name)
                uids = sorted(self.client.search(_terms(query), "UTF-8"), reverse=True)
                rows = self._rows(folder.name, uids[: limit * 4 if query.has_attachment else limit])
            found += [row for row in rows if row.has_attachment or not query.has_attachment]
        return Found(tuple(sorted(found, key=lambda row: row.arrived, reverse=True)[:limit]))

    def list_heaviest(self, *, limit: int) -> list[Row]:
        rows: list[Row] = []
        for folder in self.list_folders():
            with _as_mail_errors():
                self._select(folder.name)
                rows += self._rows(folder.name, sorted(self.client.search(["LARGER", 1_000_000])))
        return sorted(rows, key=lambda row: row.size, reverse=True)[:limit]

    def room(self) -> tuple[int, int]:
        if not self.client.has_capability("QUOTA"):
            return 0, 0
        with _as_mail_errors():
            for quota in self.client.get_quota():
                if quota.resource == "STORAGE":
                    return quota.usage * 1024, quota.limit * 1024
        return 0, 0

    def _select(self, folder: str) -> None:
        """Selected anew each time: another program may have changed the folder since."""
        self.client.select_folder(self._wire(folder))
        self.selected = folder

    def _wire(self, folder: str) -> str:
        delimiter = self._delimiter()
        return folder if delimiter == "/" else folder.replace("/", delimiter)

    def _delimiter(self) -> str:
        if not hasattr(self, "_found_delimiter"):
            listed = self.client.list_folders("", "")
            self._found_delimiter = listed[0][1].decode() if listed and listed[0][1] else "/"
        return self._found_delimiter

    def _sort(self, view: View) -> list[int]:
        """Uids in the order of a view, of the folder that is selected."""
        terms: list[Any] = [_SHOW_TERMS[name] for name in view.shows if name in _SHOW_TERMS]
        terms += ["KEYWORD", view.keyword] if view.keyword else []
        key = _SORT_KEYS.get(view.sort, "ARRIVAL")
        if self.client.has_capability("SORT"):
            uids = list(self.client.sort([key], terms or ["ALL"], "UTF-8"))
        else:
            uids = sorted(self.client.search(terms or ["ALL"]))
        return uids if view.is_ascending else uids[::-1]

    def _status(self, flags: Sequence[bytes], delimiter: bytes | None, wire_name: str, *, is_subscribed: bool) -> Folder:
        items = [b"MESSAGES", b"UNSEEN", *([b"SIZE"] if self.client.has_capability("STATUS=SIZE") else [])]
        status = self.client.folder_status(wire_name, items)
        name = wire_name.replace(delimiter.decode(), "/") if delimiter else wire_name
        special = next((flag.decode() for flag in flags if flag.decode() in SPECIAL_NAMES), "")
        if name.upper() == "INBOX":
            name, special = "INBOX", "\\Inbox"
        elif not special and not self.client.has_capability("SPECIAL-USE"):
            special = _USUAL_NAMES.get(name.casefold(), "")
        return Folder(name, special, int(status[b"MESSAGES"]), int(status[b"UNSEEN"]), int(status.get(b"SIZE", 0)), is_subscribed)

    def _rows(self, folder: str, uids: Sequence[int]) -> list[Row]:
        if not uids:
            return []
        found = self.client.fetch(list(uids), list(_ITEMS))
        return [_row(folder, uid, found[uid]) for uid in sorted(found, reverse=True)]

    def _expunge(self, uids: Sequence[int]) -> None:
        self.client.add_flags(list(uids), [b"\\Deleted"], silent=True)
        if self.client.has_capability("UIDPLUS"):
            self.client.uid_expunge(list(uids))
        else:
            self.client.expunge()


def _row(folder: str, uid: int, data: dict[bytes, Any]) -> Row:
    headers = Headers.parse(data[b"BODY[HEADER]"])
    names = [flag.decode("ascii", "replace") for flag in data[b"FLAGS"]]
    arrived: datetime = data[b"INTERNALDATE"]
    return Row(
        folder=folder,
        uid=uid,
        sender=first_person(headers, "from"),
        recipients=people(headers, "to"),
        subject=headers.get("subject") or "",
        # IMAPClient gives local time without a zone.
        arrived=arrived.astimezone(UTC),
        size=int(data[b"RFC822.SIZE"]),
        flags=sum(flag_bits.BY_NAME.get(name, 0) for name in names),
        keywords=frozenset(name for name in names if not name.startswith("\\")),
        has_attachment=_has_attachment(data[b"BODYSTRUCTURE"]),
    )


def _has_attachment(body: Any) -> bool:
    """A part with an attachment disposition anywhere in a BODYSTRUCTURE."""
    if isinstance(body, (tuple, list)):
        if len(body) == 2 and isinstance(body[0], bytes) and body[0].lower() == b"attachment":
            return True
        return any(_has_attachment(item) for item in body)
    return False


def _terms(query: Query) -> list[Any]:
    terms: list[Any] = [term for word in query.words for term in ("TEXT", word)]
    terms += [term for word in query.sender for term in ("FROM", word)]
    terms += [term for word in query.recipient for term in ("TO", word)]
    terms += [term for word in query.subject for term in ("SUBJECT", word)]
    terms += [term for word in query.without for term in ("NOT", "TEXT", word)]
    terms += [term for word in query.filename for term in ("BODY", word)]
    terms += ["UNSEEN"] if query.is_unread else []
    terms += ["SEEN"] if query.is_read else []
    terms += ["FLAGGED"] if query.is_starred else []
    terms += ["UNANSWERED"] if query.is_unanswered else []
    terms += ["KEYWORD", query.label] if query.label else []
    terms += ["LARGER", query.larger] if query.larger is not None else []
    terms += ["SMALLER", query.smaller] if query.smaller is not None else []
    terms += ["BEFORE", query.before] if query.before else []
    terms += ["SINCE", query.after] if query.after else []
    return terms or ["ALL"]


def _read_copyuid(answer: Any) -> tuple[int, ...]:
    """The third member of COPYUID, where the answer holds one (RFC 9051 §7.1)."""
    text = answer if isinstance(answer, bytes) else b""
    _, found, rest = text.partition(b"COPYUID ")
    parts = rest.split(b"]")[0].split()
    if not found or len(parts) < _COPYUID_PARTS:
        return ()
    uids: list[int] = []
    for piece in parts[2].split(b","):
        first, _, last = piece.partition(b":")
        uids += range(int(first), int(last or first) + 1)
    return tuple(uids)
