"""Speaking IMAP with another server (RFC 3501, RFC 9051), by IMAPClient. One connection, one thread."""

import imaplib
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from imapclient import IMAPClient

from mailcore.kernel import flags as flag_bits

from .dialling import SMALL, Meter, Server, Upgrade, dial, make_context
from .faults import Kind, SourceFault, plainly
from .models import Security

MAX_MESSAGES = 2_000_000
PER_ROW = 2_048
"""Bytes the flags, date and size of one message may take."""
PER_HEADER = 16_384
"""The same with the lines of the header a message is known by."""
ROWS = 500
BUFFER = 65_536
_KEYWORD = re.compile(r"[!#$&'*+,\-./0-9:;<=>?@A-Z^_`a-z|}~\[]{1,100}")
_KNOWN_BY = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT)]"
_KNOWN_KEY = b"BODY[HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT)]"


@dataclass(frozen=True, slots=True)
class RemoteFolder:
    raw: bytes
    delimiter: str
    attributes: frozenset[str]
    """In lower case: `\\noselect`, `\\sent`."""


@dataclass(frozen=True, slots=True)
class Row:
    uid: int
    size: int
    flags: int
    keywords: frozenset[str]
    internaldate: int | None


class _Imap4(imaplib.IMAP4):
    """imaplib on a metered line: no literal is made room for before it is allowed."""

    def __init__(self, server: Server, meter: Meter) -> None:
        self._server, self._meter = server, meter
        super().__init__(server.host, server.port)

    def _create_socket(self, timeout: float | None = None) -> Any:
        return dial(self._server, self._meter)

    def read(self, size: int) -> bytes:
        # What is buffered was taken from the meter already.
        self._meter.check(size - BUFFER)
        return super().read(size)


class _Client(IMAPClient):  # type: ignore[misc]
    def __init__(self, server: Server, meter: Meter) -> None:
        self._server, self._meter = server, meter
        super().__init__(server.host, server.port, use_uid=True, ssl=False)
        # Its log would cost more than the work, and hold what people wrote.
        self._imap.debug = 0
        self.folder_encode = False
        self.normalise_times = False

    def _create_IMAP4(self) -> _Imap4:
        return _Imap4(self._server, self._meter)


class Imap:
    """A login at an IMAP server."""

    def __init__(self, server: Server, *, login: str, secret: str, login_as: str = "") -> None:
        self.host = server.host
        self.meter = Meter(server.host)
        with plainly(self.host):
            self._client = _Client(server, self.meter)
        try:
            self._enter(server, login, secret, login_as)
        except BaseException:
            self.drop()
            raise

    def _enter(self, server: Server, login: str, secret: str, login_as: str) -> None:
        if any(char in login + secret + login_as for char in "\r\n\0"):
            raise SourceFault(Kind.LOGIN, "A login or password cannot hold line ends.")
        if server.security == Security.STARTTLS:
            with plainly(self.host):
                self._client.starttls(Upgrade(make_context()))
        with plainly(self.host, at_login=True):
            # AUTHENTICATE carries any character; LOGIN as it is sent here only ASCII.
            if login_as or not (login + secret).isascii():
                self._client.plain_login(login, secret, login_as)
            else:
                self._client.login(login, secret)

    def list_folders(self) -> list[RemoteFolder]:
        self.meter.allow(16 << 20)
        with plainly(self.host):
            found = self._client.list_folders()
        return [
            RemoteFolder(_raw(name), (delimiter or b"").decode("latin-1"), frozenset(flag.decode("latin-1").lower() for flag in flags))
            for flags, delimiter, name in found
        ]

    def list_subscribed(self) -> set[bytes]:
        self.meter.allow(16 << 20)
        with plainly(self.host):
            return {_raw(name) for _, _, name in self._client.list_sub_folders()}

    def find_prefix(self) -> str:
        """What the names of a person's own folders begin with, e.g. `INBOX.` (RFC 2342)."""
        self.meter.allow()
        with plainly(self.host):
            if not self._client.has_capability("NAMESPACE"):
                return ""
            personal = self._client.namespace().personal or ((b"", ""),)
        return min((_raw(prefix).decode("latin-1") for prefix, _ in personal), key=len)

    def find_foreign(self) -> tuple[str, ...]:
        """Prefixes of what belongs to others."""
        self.meter.allow()
        with plainly(self.host):
            if not self._client.has_capability("NAMESPACE"):
                return ()
            spaces = self._client.namespace()
        found = [_raw(prefix).decode("latin-1") for space in (spaces.other, spaces.shared) for prefix, _ in space or ()]
        return tuple(prefix for prefix in found if prefix)

    def select(self, raw: bytes, *, readonly: bool) -> tuple[int, int]:
        """(UIDVALIDITY, number of messages)."""
        self.meter.allow()
        try:
            with plainly(self.host):
                answer = self._client.select_folder(raw.decode("ascii"), readonly=readonly)
                return int(answer[b"UIDVALIDITY"]), int(answer[b"EXISTS"])
        except SourceFault as fault:
            if fault.kind is Kind.BROKEN and "broke off" not in fault.public:
                raise SourceFault(Kind.NO_FOLDER, f"The folder {raw.decode('latin-1')} cannot be opened: {fault.public}") from fault
            raise

    def list_uids(self) -> list[int]:
        self.meter.allow(16 * MAX_MESSAGES)
        with plainly(self.host):
            found = self._client.search("ALL")
        # Never trusted to be in order, or to name each once.
        return sorted({int(uid) for uid in found if 0 < int(uid) < 1 << 32})

    def read_rows(self, uids: Sequence[int]) -> Iterator[Row]:
        for uid, items in self._fetch(uids, ["RFC822.SIZE", "FLAGS", "INTERNALDATE"], PER_ROW):
            flags, keywords = _read_flags(items.get(b"FLAGS", ()))
            date = items.get(b"INTERNALDATE")
            yield Row(
                uid, int(items.get(b"RFC822.SIZE", 0)), flags, keywords, int(date.timestamp()) if isinstance(date, datetime) else None
            )

    def read_headers(self, uids: Sequence[int]) -> Iterator[tuple[int, int, bytes]]:
        """(uid, size, the lines a message is known by)."""
        for uid, items in self._fetch(uids, ["RFC822.SIZE", _KNOWN_BY], PER_HEADER):
            yield uid, int(items.get(b"RFC822.SIZE", 0)), bytes(items.get(_KNOWN_KEY) or b"")

    def read_messages(self, uids: Sequence[int], *, limit: int) -> dict[int, bytes]:
        """Whole messages, of `limit` bytes together at most; what is gone meanwhile is missing."""
        self.meter.allow(limit + PER_ROW * len(uids) + SMALL)
        with plainly(self.host):
            found = self._client.fetch(uids, ["BODY.PEEK[]"])
        wanted = set(uids)
        return {uid: items[b"BODY[]"] or b"" for uid, items in found.items() if uid in wanted and b"BODY[]" in items}

    def _fetch(self, uids: Sequence[int], items: list[str], each: int) -> Iterator[tuple[int, dict[bytes, Any]]]:
        for at in range(0, len(uids), ROWS):
            window = list(uids[at : at + ROWS])
            self.meter.allow(each * len(window) + SMALL)
            with plainly(self.host):
                found = self._client.fetch(window, items)
            wanted = set(window)
            yield from sorted((uid, dict(values)) for uid, values in found.items() if uid in wanted)

    def remove(self, uids: Sequence[int]) -> None:
        self.meter.allow(PER_ROW * len(uids) + SMALL)
        with plainly(self.host):
            self._client.delete_messages(list(uids), silent=True)
            if self._client.has_capability("UIDPLUS"):
                self._client.uid_expunge(list(uids))
            elif set(self._client.search("DELETED")) <= set(uids):
                # Without UIDPLUS (RFC 4315) an EXPUNGE would also take what others marked.
                self._client.expunge()

    def close(self) -> None:
        """A goodbye; how it is answered changes nothing."""
        self.meter.allow()
        with suppress(SourceFault), plainly(self.host):
            self._client.logout()
        self.drop()

    def drop(self) -> None:
        with suppress(OSError):  # It is closed already.
            self._client.shutdown()


def _raw(name: object) -> bytes:
    return name if isinstance(name, bytes) else str(name).encode("latin-1", "replace")


def _read_flags(found: Sequence[object]) -> tuple[int, frozenset[str]]:
    bits = 0
    keywords: list[str] = []
    for one in found:
        text = (one if isinstance(one, bytes) else str(one).encode()).decode("latin-1")
        if text.startswith("\\"):
            bits |= next((bit for name, bit in flag_bits.BY_NAME.items() if name.lower() == text.lower()), 0)
        elif _KEYWORD.fullmatch(text) and len(keywords) < 100:
            keywords.append(text)
    return bits, frozenset(keywords)
