"""NOTIFY when the store fails: what was taken is told, what was not comes the next time."""

from mailcore.kernel.errors import Deferred
from mailcore.kernel.mailstore import FolderInfo

from .builders import Client, filled, message
from .memory_store import MemoryStore


class Failing(MemoryStore):
    is_down = False

    def list_folders(self) -> list[FolderInfo]:
        if self.is_down:
            raise Deferred("Not now.")
        return super().list_folders()


def test_news_survive_a_store_that_fails() -> None:
    store = Failing()
    store.folders, store.subscribed = filled(2).folders, {"INBOX"}
    client = Client(store)
    client.ok(b"CREATE Work")
    client.ok(b"SELECT INBOX")
    client.ok(b"NOTIFY SET (selected (MessageNew MessageExpunge)) (personal (MessageNew MessageExpunge))")
    store.is_down = True
    for name in ("INBOX", "Work"):
        store.append(name, message(), flags=0, keywords=frozenset(), internaldate=None)
    assert client.session.poll() == b"* 3 EXISTS\r\n* 3 RECENT\r\n"
    assert client.session.poll() == b""
    store.is_down = False
    assert client.session.poll().startswith(b"* STATUS Work (MESSAGES 1 ")
    assert client.session.poll() == b""


def test_nobody_is_told_who_did_not_ask() -> None:
    client = Client(filled(1))
    client.ok(b"SELECT INBOX")
    client.store.append("INBOX", message(), flags=0, keywords=frozenset(), internaldate=None)
    assert client.session.poll() == b""
    client.ok(b"NOTIFY SET (selected (MessageNew MessageExpunge))")
    client.ok(b"NOTIFY NONE")
    client.store.append("INBOX", message(), flags=0, keywords=frozenset(), internaldate=None)
    assert client.session.poll() == b""
