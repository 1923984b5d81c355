"""A mailbox in memory behind the parts of the store's port that POP3 uses."""

from array import array
from collections.abc import Callable, Iterator
from typing import Any

from mailcore.kernel.errors import Denied
from mailcore.kernel.ids import FolderId, MailboxId, UserId
from mailcore.kernel.mailstore import FolderInfo, Snapshot
from mailcore.kernel.peers import Peer
from mailcore.kernel.principal import Principal, Role, Service
from mailcore.kernel.scram import derive
from mailcore.pop3.login import Sasl
from mailcore.pop3.session import Ports, Session


class Inbox:
    def __init__(self, messages: list[bytes]) -> None:
        self.mailbox_id = MailboxId(7)
        self.messages = dict(enumerate(messages, 11))
        self.seen: set[int] = set()

    def open(self, name: str, *, read_only: bool) -> Snapshot:
        count = len(self.messages)
        info = FolderInfo(FolderId(1), name, 99, 100, 1, count, count, sum(map(len, self.messages.values())))
        return Snapshot(info, array("I", self.messages), array("Q", [1] * count), array("B", bytes(count)))

    def fetch(self, folder_id: int, uids: Any, columns: Any) -> Iterator[tuple[Any, ...]]:
        for uid in uids:
            if uid in self.messages:
                raw = self.messages[uid]
                yield (uid, *({"size": len(raw), "raw": raw}[column] for column in columns))

    def expunge(self, folder_id: int, uids: Any, *, only_deleted: bool = True) -> list[int]:
        assert not only_deleted
        return [uid for uid in uids if self.messages.pop(uid, None) is not None]

    def store_flags(self, folder_id: int, uids: Any, **_: Any) -> list[Any]:
        self.seen.update(uids)
        return []


class Locks:
    def __init__(self) -> None:
        self.held: set[int] = set()

    def lock(self, mailbox_id: MailboxId) -> Callable[[], None] | None:
        if mailbox_id in self.held:
            return None
        self.held.add(mailbox_id)
        return lambda: self.held.discard(mailbox_id)


def authenticate(*, login: str, secret: str, service: Service, peer: str) -> Principal:
    if (login, secret) != ("ann@example.org", "a pass word"):
        raise Denied("wrong name or password")
    return Principal(UserId(1), login, Role.USER, 1, MailboxId(7), login)


class Keys:
    """`kernel.ports.ScramPort` of one person."""

    salt = b"salt for the test"

    def find_salt(self, *, login: str, peer: str) -> bytes:
        return self.salt

    def log_in(self, *, login: str, service: Service, peer: str, check: Callable[[Any], bytes | None]) -> tuple[Principal, bytes]:
        keys = derive("a pass word", self.salt)
        signature = check(keys) if login == "ann@example.org" else None
        if signature is None:
            raise Denied("wrong name or password")
        return authenticate(login=login, secret="a pass word", service=service, peer=peer), signature


def session(inbox: Inbox, locks: Locks | None = None, sasl: Sasl | None = None, **peer: Any) -> Session:
    ports = Ports(authenticate=authenticate, open_store=lambda mailbox_id: inbox, maildrops=locks or Locks(), sasl=sasl or Sasl())  # type: ignore[arg-type,return-value]
    return Session(ports=ports, peer=Peer(address="127.0.0.1", hostname="mx.example.org", **({"may_log_in_clear": True} | peer)))
