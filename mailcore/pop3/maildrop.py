"""INBOX as POP3 sees it: numbered messages fixed at login, deletions kept until QUIT.

RFC 1939 §5, §6. Numbers count from 1 and never move during a session, even while IMAP
sessions expunge: a message that is gone answers with an error.
"""

import sys
from array import array
from collections.abc import Sequence

from mailcore.kernel.errors import NotFound
from mailcore.kernel.flags import SEEN
from mailcore.kernel.mailstore import FlagMode, MailStore


class Maildrop:
    def __init__(self, store: MailStore) -> None:
        snapshot = store.open("INBOX", read_only=True)
        self._store = store
        self.mailbox_id = store.mailbox_id
        self._folder_id = snapshot.folder.id
        self._uidvalidity = snapshot.folder.uidvalidity
        self._uids = array("I", snapshot.uids)
        self._octets = snapshot.folder.bytes
        self._sizes: Sequence[int] = ()
        """Read when they are asked for: who polls by UIDL never does."""
        self._deleted: set[int] = set()
        self._retrieved: set[int] = set()

    def count(self) -> int:
        return len(self._uids) - len(self._deleted)

    def octets(self) -> int:
        return self._octets - sum(self.size(number) for number in self._deleted)

    def numbers(self) -> Sequence[int]:
        everything = range(1, len(self._uids) + 1)
        return [number for number in everything if number not in self._deleted] if self._deleted else everything

    def check(self, number: int) -> int:
        """The number itself; NotFound where there is no such message or it is marked deleted."""
        if not 1 <= number <= len(self._uids):
            raise NotFound("no such message")
        if number in self._deleted:
            raise NotFound("message already deleted")
        return number

    def size(self, number: int) -> int:
        return self._read_sizes()[number - 1]

    def list_sizes(self) -> list[str]:
        """Of all `numbers`, as digits."""
        sizes = self._read_sizes()
        return list(map(str, [sizes[number - 1] for number in self.numbers()] if self._deleted else sizes))

    def unique_id(self, number: int) -> str:
        return f"{self._uidvalidity:08x}{self._uids[number - 1]:08x}"

    def list_unique_ids(self) -> list[str]:
        """Of all `numbers`: one conversion for all, 0.1 µs each where formatting takes 0.8."""
        uids = array("I", [self._uids[number - 1] for number in self.numbers()]) if self._deleted else self._uids
        words = array("I", [self._uidvalidity]) * (2 * len(uids))
        words[1::2] = uids
        if sys.byteorder == "little":
            words.byteswap()
        return words.tobytes().hex(" ", 2 * words.itemsize).split()

    def _read_sizes(self) -> Sequence[int]:
        """What another session removed since the login is shown without octets: its number still counts."""
        if len(self._sizes) < len(self._uids):
            rows = self._store.fetch(self._folder_id, self._uids, ["size"])
            sizes: dict[int, int] = dict(rows)
            self._sizes = array("Q", [sizes.get(uid, 0) for uid in self._uids])
        return self._sizes

    def read(self, number: int, *, whole: bool) -> bytes:
        uid = self._uids[number - 1]
        for _, raw in self._store.fetch(self._folder_id, [uid], ["raw"]):
            if whole:
                self._retrieved.add(uid)
            return bytes(raw)
        raise NotFound("message was removed by another session")

    def delete(self, number: int) -> None:
        self._deleted.add(number)

    def reset(self) -> None:
        self._deleted.clear()

    def update(self) -> int:
        """The UPDATE state (RFC 1939 §6): what was read is seen, what was deleted goes. How many went."""
        gone = sorted(self._uids[number - 1] for number in self._deleted)
        seen = sorted(self._retrieved.difference(gone))
        if gone:
            self._store.expunge(self._folder_id, gone, only_deleted=False)
        if seen:
            self._store.store_flags(self._folder_id, seen, mode=FlagMode.ADD, flags=SEEN, keywords=frozenset())
        return len(gone)
