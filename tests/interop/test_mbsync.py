"""mbsync (isync) keeps a Maildir and a Facteur mailbox alike, in both directions."""

import re
from pathlib import Path

import pytest
from imapclient import IMAPClient

from .house import HOST, House, Person, lf, need, run
from .letters import LETTERS, PLAIN

pytestmark = pytest.mark.processes

_OWN_MARK = re.compile(rb"^X-TUID: [^\n]*\n", re.MULTILINE)
"""By which mbsync finds again what it has just stored; it stays in the copy."""
_CONFIG = """
IMAPAccount facteur
Host {host}
Port {port}
User {user}
Pass "{password}"
SSLType {tls}
CertificateFile {certificate}

IMAPStore there
Account facteur

MaildirStore here
Path {folder}/mail/
Inbox {folder}/mail/INBOX
SubFolders Verbatim

Channel all
Far :there:
Near :here:
Patterns *
Create Both
Expunge Both
SyncState *
"""


class Mbsync:
    def __init__(self, folder: Path, person: Person, tls: str) -> None:
        self.program, self.folder = need("mbsync"), folder
        (folder / "mail").mkdir()
        house, port = person.house, person.house.ports["imaps" if tls == "IMAPS" else "imap"]
        values = {"user": person.address, "password": person.password, "certificate": house.certificate}
        self.rc = folder / "rc"
        self.rc.write_text(_CONFIG.format(host=HOST, port=port, tls=tls, folder=folder, **values))

    def run(self) -> None:
        run(self.program, "--config", self.rc, "--all", HOME=str(self.folder))

    def files(self, name: str = "INBOX") -> list[Path]:
        return [path for part in ("new", "cur") for path in (self.folder / "mail" / name / part).iterdir()]

    def letters(self, name: str = "INBOX") -> list[bytes]:
        return sorted(_OWN_MARK.sub(b"", path.read_bytes()) for path in self.files(name))

    def find(self, words: bytes) -> Path:
        return next(path for path in self.files() if words in path.read_bytes())


def mark(path: Path, flags: str) -> Path:
    return path.rename(path.parent.parent / "cur" / (path.name.partition(":")[0] + ":2," + flags))


def test_pulls_by_starttls(person: Person, tmp_path: Path) -> None:
    mbsync = Mbsync(tmp_path, person, "STARTTLS")
    person.is_sent(PLAIN)
    mbsync.run()
    assert mbsync.letters() == lf(person.inbox())


def test_both_sides_become_alike(house: House, person: Person, tmp_path: Path) -> None:
    mbsync = Mbsync(tmp_path, person, "IMAPS")
    person.is_sent(*LETTERS)
    mbsync.run()
    assert mbsync.letters() == lf(person.inbox())
    assert (tmp_path / "mail" / "Drafts").is_dir()

    mark(mbsync.find(b"Subject: dots"), "FS")
    mark(mbsync.find(b"Subject: empty"), "ST")
    fresh = PLAIN.replace(b"Subject: plain", b"Subject: written here").replace(b"<plain@", b"<here@")
    (tmp_path / "mail" / "INBOX" / "new" / "1700000000.1_1.me").write_bytes(fresh.replace(b"\r\n", b"\n"))
    mbsync.run()
    with IMAPClient(HOST, house.ports["imaps"], ssl_context=house.trust(), timeout=20) as client:
        client.login(person.address, person.password)
        client.select_folder("INBOX")
        assert client.search(["SUBJECT", "empty"]) == []
        flags = client.get_flags(client.search(["SUBJECT", "dots"])).popitem()[1]
        assert {rb"\Flagged", rb"\Seen"} <= set(flags)
        pushed = client.fetch(client.search(["SUBJECT", "written here"]), ["BODY[]"]).popitem()[1][b"BODY[]"]
        assert lf([_OWN_MARK.sub(b"", pushed.replace(b"\r\n", b"\n"))]) == lf([fresh])

        client.delete_messages(client.search(["SUBJECT", "white"]))
        client.expunge()
        client.add_flags(client.search(["SUBJECT", "attached"]), [rb"\Answered"])
        client.create_folder("Projects")
        client.append("Projects", PLAIN)
    mbsync.run()
    assert not any(b"Subject: white" in letter for letter in mbsync.letters())
    assert "R" in mbsync.find(b"Subject: attached").name.rpartition(",")[2]
    assert mbsync.letters("Projects") == lf([PLAIN])
    assert mbsync.letters() == sorted(_OWN_MARK.sub(b"", letter) for letter in lf(person.inbox()))

    before = person.inbox(), mbsync.letters()
    mbsync.run()
    assert (person.inbox(), mbsync.letters()) == before
