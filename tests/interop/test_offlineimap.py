"""OfflineIMAP keeps a Maildir and a Facteur mailbox alike, in both directions."""

import re
from pathlib import Path

import pytest
from imapclient import IMAPClient

from .house import HOST, House, Person, lf, need, run
from .letters import ATTACHED, LETTERS, PLAIN

pytestmark = pytest.mark.processes

_OWN_MARK = re.compile(rb"^X-OfflineIMAP: [^\n]*\n", re.MULTILINE)
_CONFIG = """
[general]
accounts = facteur
metadata = {folder}/state
maxsyncaccounts = 1

[Account facteur]
localrepository = here
remoterepository = there

[Repository here]
type = Maildir
localfolders = {folder}/mail
sep = /

[Repository there]
type = IMAP
remotehost = localhost
remoteport = {port}
remoteuser = {user}
remotepass = {password}
ssl = {ssl}
starttls = {starttls}
sslcacertfile = {certificate}
maxconnections = 1
"""


class OfflineImap:
    def __init__(self, folder: Path, person: Person, *, starttls: bool) -> None:
        self.program, self.folder = need("offlineimap"), folder
        house, self.mail = person.house, folder / "mail"
        values = {"user": person.address, "password": person.password, "certificate": house.certificate, "folder": folder}
        port = house.ports["imap" if starttls else "imaps"]
        (folder / "rc").write_text(
            _CONFIG.format(port=port, ssl="no" if starttls else "yes", starttls="yes" if starttls else "no", **values)
        )

    def run(self) -> None:
        run(self.program, "-c", self.folder / "rc", "-u", "basic", "-o", HOME=str(self.folder))

    def files(self, name: str = "INBOX") -> list[Path]:
        return [path for part in ("new", "cur") for path in (self.mail / name / part).iterdir()]

    def letters(self, name: str = "INBOX") -> list[bytes]:
        return sorted(_OWN_MARK.sub(b"", path.read_bytes()) for path in self.files(name))

    def find(self, words: bytes) -> Path:
        return next(path for path in self.files() if words in path.read_bytes())


def written(letters: list[bytes]) -> list[bytes]:
    """As OfflineIMAP writes them: header lines anew, with one blank before a value. Sorted, with LF."""
    return sorted(letter.replace(b"X-Odd:  two", b"X-Odd: two") for letter in lf(letters))


def mark(path: Path, flags: str) -> Path:
    return path.rename(path.parent.parent / "cur" / (path.name.partition(":")[0] + ":2," + flags))


def test_pulls_by_starttls(person: Person, tmp_path: Path) -> None:
    offline = OfflineImap(tmp_path, person, starttls=True)
    person.is_sent(*LETTERS)
    offline.run()
    assert offline.letters() == written(person.inbox())


def test_both_sides_become_alike(house: House, person: Person, tmp_path: Path) -> None:
    offline = OfflineImap(tmp_path, person, starttls=False)
    person.is_sent(*LETTERS)
    offline.run()
    assert offline.letters() == written(person.inbox())
    assert (tmp_path / "mail" / "Drafts").is_dir()

    mark(offline.find(b"Subject: dots"), "FS")
    mark(offline.find(b"Subject: empty"), "ST")
    fresh = PLAIN.replace(b"Subject: plain", b"Subject: written here").replace(b"<plain@", b"<here@")
    (tmp_path / "mail" / "INBOX" / "new" / "1700000000.1_1.me").write_bytes(fresh.replace(b"\r\n", b"\n"))
    offline.run()
    with IMAPClient(HOST, house.ports["imaps"], ssl_context=house.trust(), timeout=20) as client:
        client.login(person.address, person.password)
        client.select_folder("INBOX")
        flags = client.get_flags(client.search(["SUBJECT", "dots"])).popitem()[1]
        assert {rb"\Flagged", rb"\Seen"} <= set(flags)
        assert client.search(["SUBJECT", "empty", "UNDELETED"]) == []
        pushed = client.fetch(client.search(["SUBJECT", "written here"]), ["BODY[]"]).popitem()[1][b"BODY[]"]
        assert _OWN_MARK.sub(b"", pushed.replace(b"\r\n", b"\n")) == fresh.replace(b"\r\n", b"\n")

        client.move(client.search(["SUBJECT", "white"]), "Archive")
        client.add_flags(client.search(["SUBJECT", "attached"]), [rb"\Answered"])
        client.create_folder("Projects/Île")
        client.append("Projects/Île", ATTACHED)
    offline.run()
    assert not any(b"Subject: white" in letter for letter in offline.letters())
    assert any(b"Subject: white" in letter for letter in offline.letters("Archive"))
    assert "R" in offline.find(b"Subject: attached").name.rpartition(",")[2]
    assert offline.letters("Projects/&AM4-le") == lf([ATTACHED])

    before = person.inbox(), offline.letters()
    offline.run()
    assert (person.inbox(), offline.letters()) == before
