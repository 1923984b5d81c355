"""The two kinds of accounts behind one face: what lies there, one message, removing."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mailcore import sealing

from .dialling import Server
from .faults import SourceFault
from .fingerprints import fingerprint
from .imapside import Imap
from .models import Account, Remote
from .pop3side import Pop3

PURPOSE = "retrieval"


@dataclass(frozen=True, slots=True)
class Item:
    key: str
    """The same in every session, as long as the message lies there."""
    number: int
    """UID, or number in this session."""


class Source(Protocol):
    def list_items(self) -> list[Item]: ...
    def read_sizes(self, items: Sequence[Item]) -> dict[str, int]: ...
    def read(self, item: Item, *, limit: int) -> bytes | None: ...
    def remove(self, items: Sequence[Item]) -> None: ...
    def close(self) -> None: ...
    def drop(self) -> None: ...


class Pop3Source:
    def __init__(self, client: Pop3) -> None:
        self._client = client
        self._sizes: dict[int, int] = {}

    def list_items(self) -> list[Item]:
        """Keys are UIDLs (RFC 1939 §7). Where several messages have one, or the server has none, the header decides."""
        self._sizes = self._client.list_sizes()
        ids = self._client.list_ids()
        counts: dict[str, int] = {}
        for text in ids.values():
            counts[text] = counts.get(text, 0) + 1
        items: list[Item] = []
        taken: dict[str, int] = {}
        for number in sorted(self._sizes):
            text = ids.get(number, "")
            if text and counts[text] == 1:
                items.append(Item(text, number))
                continue
            digest = hashlib.sha256(self._client.read_header(number) + b"%d" % self._sizes[number]).hexdigest()[:40]
            taken[digest] = taken.get(digest, 0) + 1
            items.append(Item(f"{text}#{digest}#{taken[digest]}", number))
        return items

    def read_sizes(self, items: Sequence[Item]) -> dict[str, int]:
        return {item.key: self._sizes[item.number] for item in items}

    def read(self, item: Item, *, limit: int) -> bytes | None:
        return self._client.read(item.number, limit=limit)

    def remove(self, items: Sequence[Item]) -> None:
        for item in items:
            self._client.remove(item.number)

    def close(self) -> None:
        self._client.close()

    def drop(self) -> None:
        self._client.drop()


class ImapSource:
    def __init__(self, client: Imap, *, folder: str, readonly: bool) -> None:
        self._client = client
        self.uidvalidity, _ = client.select(folder.encode("ascii"), readonly=readonly)

    def list_items(self) -> list[Item]:
        return [Item(f"{self.uidvalidity}/{uid}", uid) for uid in self._client.list_uids()]

    def read_sizes(self, items: Sequence[Item]) -> dict[str, int]:
        keys = {item.number: item.key for item in items}
        return {keys[row.uid]: row.size for row in self._client.read_rows(sorted(keys))}

    def read_fingerprints(self, items: Sequence[Item]) -> dict[str, str]:
        keys = {item.number: item.key for item in items}
        return {keys[uid]: fingerprint(header, size=size) for uid, size, header in self._client.read_headers(sorted(keys))}

    def read(self, item: Item, *, limit: int) -> bytes | None:
        return self._client.read_messages([item.number], limit=limit).get(item.number)

    def remove(self, items: Sequence[Item]) -> None:
        for at in range(0, len(items), 500):
            self._client.remove([item.number for item in items[at : at + 500]])

    def close(self) -> None:
        self._client.close()

    def drop(self) -> None:
        self._client.drop()


def open_source(account: Account) -> Source:
    server, secret = server_of(account), sealing.unseal(account.sealed_secret, purpose=PURPOSE)
    if account.protocol == Account.Protocol.POP3:
        return Pop3Source(Pop3(server, login=account.login, secret=secret))
    client = Imap(server, login=account.login, secret=secret)
    try:
        return ImapSource(client, folder=account.remote_folder, readonly=account.keep == Account.Keep.KEEP)
    except SourceFault:
        client.drop()
        raise


def server_of(row: Remote) -> Server:
    return Server(row.host, row.port, row.security)
