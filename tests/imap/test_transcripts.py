"""The scripts of tests/transcripts/imap against a session in memory, whole and octet by octet."""

from pathlib import Path

import pytest

from mailcore.imap.session.config import SessionConfig
from mailcore.kernel.errors import OverQuota
from mailcore.kernel.mailstore import FlagMode
from tests.transcripts.runner import load, play

from .builders import Client, filled, message

SCRIPTS = sorted((Path(__file__).parent.parent / "transcripts" / "imap").glob("*.txt"))


class MemoryPeer:
    """`! arrive N`, `! expunge UID`, `! flag UID`: what others do; `! forget MODSEQ`: the journal is cut; `! poll`: the bus rings;
    `! tls`: the listener upgrades."""

    def __init__(self) -> None:
        self.client = Client(filled(2), config=SessionConfig(starttls=True), log_in=False)
        self.said = self.client.session.greeting()

    def send(self, data: bytes) -> None:
        self.said += self.client.send(data)
        if self.client.session.starttls_requested:
            self.client.reader.clear()

    def receive(self) -> bytes:
        said, self.said = self.said, b""
        return said

    leftover = receive

    def happen(self, words: str) -> None:
        store, (verb, *numbers) = self.client.store, words.split()
        folder = store.folders["INBOX"]
        if verb == "arrive":
            for _ in range(int(numbers[0])):
                store.append("INBOX", message(), flags=0, keywords=frozenset(), internaldate=None)
        elif verb == "expunge":
            store.expunge(folder.id, [int(numbers[0])], only_deleted=False)
        elif verb == "flag":
            store.store_flags(folder.id, [int(numbers[0])], mode=FlagMode.ADD, flags=4, keywords=frozenset())
        elif verb == "forget":
            store.journal_from = int(numbers[0])
        elif verb == "rights":
            folder.rights = numbers[0]
        elif verb == "limit":
            store.limit_bytes = int(numbers[0])
        elif verb == "full":
            store.fail_with = OverQuota("The mailbox is full.")
        elif verb == "poll":
            self.said += self.client.session.poll()
        else:
            assert verb == "tls", words
            self.client.session.tls_started()


@pytest.mark.parametrize("piece", [0, 1, 7])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script(script: Path, piece: int) -> None:
    play(load(script), MemoryPeer(), piece=piece)


def test_there_are_scripts() -> None:
    assert SCRIPTS
